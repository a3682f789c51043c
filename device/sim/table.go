package sim

import (
	"strings"

	"cnn-gpu/device/sim/ptx"
)

//go:generate go run ./gen

// instructions is the instruction table. A row is found by an instruction's whole name, by the first two parts of it, or by the
// first part. The arithmetic rows, which gen/alu writes, have whole names; here are those with a decoding of their own.
var instructions = withArithmetic(map[string]opcode{
	// predicates and selection
	"setp":     {class: Predicate, decode: decodeSetp},
	"set":      {class: Predicate, decode: decodeSet},
	"selp":     {class: Predicate, decode: decodeSelp},
	"slct":     {class: Predicate, decode: decodeSlct},
	"testp":    {class: Predicate, decode: decodeTestp},
	"and.pred": {class: Predicate, operands: "ppp", exec: func(w *warp, in *inst, m uint32) { w.setPredicate(in.d, m, w.p[in.a]&w.p[in.b]) }},
	"or.pred":  {class: Predicate, operands: "ppp", exec: func(w *warp, in *inst, m uint32) { w.setPredicate(in.d, m, w.p[in.a]|w.p[in.b]) }},
	"xor.pred": {class: Predicate, operands: "ppp", exec: func(w *warp, in *inst, m uint32) { w.setPredicate(in.d, m, w.p[in.a]^w.p[in.b]) }},
	"not.pred": {class: Predicate, operands: "pp", exec: func(w *warp, in *inst, m uint32) { w.setPredicate(in.d, m, ^w.p[in.a]) }},
	"mov.pred": {class: Predicate, operands: "pp", exec: func(w *warp, in *inst, m uint32) { w.setPredicate(in.d, m, w.p[in.a]) }},

	// moves, conversions, logic
	"mov":      {class: Move, decode: decodeMove},
	"cvt":      {class: Conversion, decode: decodeConvert},
	"cvt.pack": {class: Conversion, decode: decodePack},
	"cvta":     {class: Move, decode: decodeCvta},
	"isspacep": {class: Predicate, decode: decodeIsSpace},
	"lop3":     {class: Integer, decode: decodeLop3},
	"add":      {class: Integer, decode: decodeCarry},
	"addc":     {class: Integer, decode: decodeCarry},
	"sub":      {class: Integer, decode: decodeCarry},
	"subc":     {class: Integer, decode: decodeCarry},
	"mad":      {class: Integer, decode: decodeCarry},
	"madc":     {class: Integer, decode: decodeCarry},

	// video
	"vadd":      {class: Integer, decode: decodeVideo},
	"vsub":      {class: Integer, decode: decodeVideo},
	"vabsdiff":  {class: Integer, decode: decodeVideo},
	"vmin":      {class: Integer, decode: decodeVideo},
	"vmax":      {class: Integer, decode: decodeVideo},
	"vshl":      {class: Integer, decode: decodeVideo},
	"vshr":      {class: Integer, decode: decodeVideo},
	"vset":      {class: Integer, decode: decodeVideo},
	"vmad":      {class: Integer, decode: decodeVideoMad},
	"vadd2":     {class: Integer, decode: decodeVideoSIMD},
	"vsub2":     {class: Integer, decode: decodeVideoSIMD},
	"vavrg2":    {class: Integer, decode: decodeVideoSIMD},
	"vabsdiff2": {class: Integer, decode: decodeVideoSIMD},
	"vmin2":     {class: Integer, decode: decodeVideoSIMD},
	"vmax2":     {class: Integer, decode: decodeVideoSIMD},
	"vset2":     {class: Integer, decode: decodeVideoSIMD},
	"vadd4":     {class: Integer, decode: decodeVideoSIMD},
	"vsub4":     {class: Integer, decode: decodeVideoSIMD},
	"vavrg4":    {class: Integer, decode: decodeVideoSIMD},
	"vabsdiff4": {class: Integer, decode: decodeVideoSIMD},
	"vmin4":     {class: Integer, decode: decodeVideoSIMD},
	"vmax4":     {class: Integer, decode: decodeVideoSIMD},
	"vset4":     {class: Integer, decode: decodeVideoSIMD},

	// control
	"bra":            {class: Control, kind: branch, decode: decodeBranch},
	"brx":            {class: Control, kind: tableBranch, decode: decodeTableBranch},
	"ret":            {class: Control, kind: exit, decode: decodeReturn},
	"exit":           {class: Control, kind: exit, decode: func(*decoder, *inst, *ptx.Instruction) {}},
	"call":           {class: Control},
	"trap":           {class: Control, exec: func(w *warp, in *inst, m uint32) { w.fault(Trap, lowest(m), "trap was executed") }, decode: decodeNothing},
	"brkpt":          {class: Control, exec: execNothing, decode: decodeNothing},
	"nanosleep":      {class: Control, kind: yield, exec: func(w *warp, in *inst, m uint32) { w.yielded = true }, decode: decodeNothing},
	"pmevent":        {class: Control, exec: execNothing, decode: decodeNothing},
	"setmaxnreg":     {class: Control, exec: execNothing, decode: decodeNothing},
	"griddepcontrol": {class: Control, decode: decodeGridDependence},

	// memory
	"ld":            {decode: decodeLoad},
	"ldu":           {decode: decodeLoad},
	"st":            {decode: decodeStore},
	"atom":          {class: Atomic, decode: decodeAtomic},
	"red":           {class: Atomic, decode: decodeAtomic},
	"prefetch":      {class: Fence, exec: execNothing, decode: decodeNothing},
	"prefetchu":     {class: Fence, exec: execNothing, decode: decodeNothing},
	"applypriority": {class: Fence, exec: execNothing, decode: decodeNothing},
	"discard":       {class: Fence, exec: execNothing, decode: decodeNothing},
	"createpolicy":  {class: Fence, exec: execNothing, decode: decodePolicy},
	"membar":        {class: Fence, decode: decodeFence},
	"fence":         {class: Fence, decode: decodeFence},
	"ldmatrix":      {class: MatrixMove, kind: collect, decode: decodeMatrixAccess},
	"stmatrix":      {class: MatrixMove, kind: collect, decode: decodeMatrixAccess},
	"movmatrix":     {class: MatrixMove, kind: collect, exec: execMoveMatrix, decode: decodeMoveMatrix},
	"tex":           {class: GlobalLoad, decode: decodeTexture},
	"tld4":          {class: GlobalLoad, decode: decodeTexture},
	"suld":          {class: GlobalLoad, decode: decodeSurface},
	"sust":          {class: GlobalStore, decode: decodeSurface},
	"cp.async":      {class: AsyncCopy, decode: decodeAsyncCopy},
	"mbarrier":      {class: BarrierClass, decode: decodeMbarrier},

	// threads together
	"bar":        {class: BarrierClass, kind: blockBarrier, decode: decodeBarrier},
	"barrier":    {class: BarrierClass, kind: blockBarrier, decode: decodeBarrier},
	"bar.warp":   {class: BarrierClass, kind: collect, exec: execWarpBarrier, decode: decodeWarpBarrier},
	"shfl":       {class: Shuffle, kind: collect, decode: decodeShuffle},
	"vote":       {class: Shuffle, kind: collect, decode: decodeVote},
	"match":      {class: Shuffle, kind: collect, decode: decodeMatch},
	"redux":      {class: Shuffle, kind: collect, decode: decodeRedux},
	"elect":      {class: Shuffle, kind: collect, exec: execElect, decode: decodeElect},
	"activemask": {class: Shuffle, exec: execActiveMask, decode: decodeActiveMask},
	"mma":        {class: TensorCore, kind: collect, decode: decodeMMA},
	"wmma.mma":   {class: TensorCore, kind: collect, decode: decodeMMA},
	"wmma.load":  {class: MatrixMove, kind: collect, decode: decodeWMMAAccess},
	"wmma.store": {class: MatrixMove, kind: collect, decode: decodeWMMAAccess},
})

// arithmetic and comparisons are what gen/alu writes, with AVX2 functions where the processor has them.
var (
	arithmetic  = vectorized(portable)
	comparisons = vectorizedComparisons(portableComparisons)
)

// systemCalls are the functions that the CUDA runtime on the device provides.
var systemCalls = map[string]opcode{
	"vprintf":      {class: Control, exec: execPrintf, decode: decodePrintf},
	"__assertfail": {class: Control, exec: execAssert, decode: decodeAssert},
	"malloc":       {class: Control, exec: execMalloc, decode: decodeMalloc},
	"free":         {class: Control, exec: execFree, decode: decodeFree},
}

func withArithmetic(table map[string]opcode) map[string]opcode {
	for name, op := range arithmetic {
		switch {
		case strings.HasPrefix(name, "mov."): // decodeMove chooses among these
			continue
		case strings.HasPrefix(name, "cvt."):
			op.decode = decodeConvertRow
		}
		table[name] = op
	}
	return table
}

// rowOf gives the name of an instruction's row, or "".
func rowOf(op *ptx.Opcode) string {
	names := []string{op.Text, op.Name, op.Name}
	if len(op.Modifiers) > 0 {
		names[1] += "." + op.Modifiers[0]
	}
	for _, name := range names {
		if _, ok := instructions[name]; ok {
			return name
		}
	}
	return ""
}

func execNothing(*warp, *inst, uint32)                {}
func decodeNothing(*decoder, *inst, *ptx.Instruction) {}
