// Package sm is a model of the time that a streaming multiprocessor takes to run some warps of a kernel.
//
// It runs one of its four parts, cycle by cycle: each has a scheduler that issues one instruction a cycle, of the warp that issued last
// or else of the youngest that can, in the order of the code. An instruction waits for the stall count and the scoreboards that the
// compiler wrote into the machine code, for registers where the hardware or the caller says so, for its pipe, for a place in the queue
// to memory and for barriers. L1 and shared memory serve the four parts in turn, which are taken to do the same.
// The design of the scheduler and of the queue is that of Huerta et al. 2025, "Analyzing Modern NVIDIA GPU cores", sections 5 and 6.
//
// Code is [Program]: blocks with how often a warp runs each, and loops, of which some turns are run and the rest is counted on.
package sm

// Pipe executes instructions.
type Pipe uint8

const (
	NoPipe Pipe = iota // the scheduler alone
	FMA
	IntegerMultiply
	ALU
	FP64
	Half
	XU // special functions and conversions
	Uniform
	Tensor
	Memory // to L1 and shared memory, also shuffles
	Pipes  // their number
)

// Kind is what an instruction does besides going through its pipe.
type Kind uint8

const (
	Plain Kind = iota
	Barrier
	Commit    // makes a group of the copies before it
	WaitCount // waits until at most Keep instructions are under way on scoreboard Board
	GridWait  // waits for the launches before, which takes no time here
)

// None is a scoreboard that an instruction does not have.
const None = -1

// Boards is how many scoreboards a warp has.
const Boards = 6

// Op is an instruction.
type Op struct {
	Pipe    Pipe
	Kind    Kind
	Busy    float64 // cycles for which it keeps its pipe; of Memory: passes of 128 bytes, by which all four parts are kept
	Latency float64 // from the start in the pipe to the result, for scoreboards and Defines
	Result  Reason  // what those wait for who need the result: FixedLatency, LongScoreboard or ShortScoreboard
	Copy    bool    // an asynchronous copy: its result counts for Commit

	Stall       int // cycles until the warp may issue again, at least 1
	Write, Read int // scoreboards that it holds, or None
	Wait        uint8
	Keep, Board int // of WaitCount

	Defines, Uses []int32 // registers whose readers wait for Latency, from 0 on

	Reads [Banks]int // registers that it reads from each bank

	Tag int // the caller's
}

// Banks is how many banks the registers have, by their number. Each gives a register to a warp in a cycle (Huerta et al., section 5.2.1).
const Banks = 2

// Block is a run of instructions, and how often a warp runs it on average.
type Block struct {
	Ops   []Op
	Times float64
}

// Loop is the blocks First to Last, which are run again and again. Loops nest or lie apart.
type Loop struct{ First, Last int }

// Program is the code of a kernel.
type Program struct {
	Blocks []Block
	Loops  []Loop
}

// Machine is what a chip's multiprocessor has of its own.
type Machine struct {
	// Request is the least that an access keeps L1 and shared memory, in cycles: 32 lanes over those that compute addresses.
	Request float64
}

// Reason is what a warp waits for. The names are those of Nsight Compute's warp states.
type Reason uint8

const (
	Issuing         Reason = iota // it does not wait
	FixedLatency                  // wait: for an earlier result that takes a known time
	LongScoreboard                // for global or local memory
	ShortScoreboard               // for shared memory and special functions
	MathPipe                      // math pipe throttle
	MemoryQueue                   // lg and mio throttle
	AtBarrier
	NotSelected // another warp issued
	Reasons     // their number
)

var reasonNames = [Reasons]string{
	"issuing", "fixed latency", "global memory", "shared memory", "math pipe", "memory queue", "barrier", "not selected",
}

func (r Reason) String() string { return reasonNames[r] }

// Waits counts the cycles of a warp by what it waits for.
type Waits [Reasons]float64

// Sum adds them up.
func (w *Waits) Sum() (sum float64) {
	for _, x := range w {
		sum += x
	}
	return sum
}

// Add adds those of others.
func (w *Waits) Add(o *Waits) {
	for i, x := range o {
		w[i] += x
	}
}

// Result is how long the warps take together.
type Result struct {
	Cycles float64
	Waited float64        // cycles until all warps have come to a GridWait; 0 without one
	Busy   [Pipes]float64 // cycles for which a pipe is in use; of NoPipe, the scheduler
	Waits  map[int]*Waits // of an average warp, by the tag of the instruction that waits
}
