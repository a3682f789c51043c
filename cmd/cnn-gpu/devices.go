package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	sys "golang.org/x/sys/cpu"

	"cnn-gpu/device"
	"cnn-gpu/device/driver"
	"cnn-gpu/device/sim"
	"cnn-gpu/internal/wording"
	"cnn-gpu/kernels/cpu"
)

// finding is something that training could run on or needs for it.
type finding struct {
	What   string `json:"what"`
	Found  bool   `json:"found"`
	Detail string `json:"detail"`
	Mend   string `json:"mend,omitempty"` // what to do where it is missing

	GPU   *driver.GPU `json:"gpu,omitempty"`
	Trial *trial      `json:"trial,omitempty"` // of a GPU that is there, whether or not it works
}

// Flags for the program itself: it asks the driver, and tries GPUs, in processes of their own.
const (
	probeFlag = "probe"
	trialFlag = "trial"
)

func newDevicesCommand() *cobra.Command {
	var asJSON, probed bool
	var tried string
	cmd := &cobra.Command{
		Use:   "devices",
		Short: "Show what training can run on, and what is missing",
		Long: `Show what was found on this machine to run on, and for what is missing, what to do about it. Each GPU trains a tiny network for a step, as the
proof that it can be used: within a minute, in a process of its own, so that a card that hangs is no other's matter.

The environment variable ` + device.CPUEnv + ` chooses another one of the variants of the CPU code that are listed,
` + device.CodeDirEnv + ` another folder for compiled kernels. Without a GPU, --device sim runs the CUDA kernels in a simulated one.`,
		Example: `  cnn-gpu devices
  cnn-gpu devices --json`,
		Args: takes(0, 0, "cnn-gpu devices takes no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case probed:
				return printJSON(cmd, driver.Probe())
			case tried != "":
				return printJSON(cmd, tryHere(tried))
			}
			found, err := cpuFindings()
			if err != nil {
				return err
			}
			report := probe(cmd.Context())
			found = append(found, gpuFindings(report, tryAll(cmd.Context(), report.GPUs))...)
			found = append(found, simulatedFindings()...)
			found = append(found, codeFinding())
			if asJSON {
				return printJSON(cmd, found)
			}
			printFindings(cmd.OutOrStdout(), found)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print what was found as JSON")
	cmd.Flags().StringVar(&tried, trialFlag, "", "train a step on this `device`, and print what comes of it as JSON")
	cmd.Flags().BoolVar(&probed, probeFlag, false, "print what the driver has as JSON")
	for _, own := range []string{probeFlag, trialFlag} {
		_ = cmd.Flags().MarkHidden(own) // it is there
	}
	return cmd
}

// printFindings writes a fact on a line, and under what is missing what to do about it.
func printFindings(w io.Writer, found []finding) {
	indent := 0
	for _, f := range found {
		indent = max(indent, len(f.What)+2)
	}
	for _, f := range found {
		if f.Found {
			printFact(w, f.What, indent, f.Detail)
			continue
		}
		if f.Trial == nil {
			f.Detail = "missing: " + f.Detail
		}
		printFact(w, f.What, indent, f.Detail)
		printFact(w, "", indent, f.Mend)
	}
}

func cpuFindings() ([]finding, error) {
	// Opening it selects the code that the environment asks for.
	d, err := device.OpenCPU(device.Options{})
	if err != nil {
		return nil, err
	}
	return []finding{
		{What: "CPU", Found: true, Detail: fmt.Sprintf("%s, %d threads", cpuName(), runtime.GOMAXPROCS(0))},
		{What: "CPU features", Found: true, Detail: strings.Join(cpuFeatures(), ", ")},
		{What: "CPU code", Found: true, Detail: fmt.Sprintf("%s (this CPU runs %s)", cpu.Variant(), strings.Join(cpu.Variants(), ", "))},
	}, d.Close()
}

// gpuFindings are what the probe found, what came of the GPUs' trials, and what is missing for CUDA.
func gpuFindings(r *driver.Report, trials []trial) []finding {
	var found []finding
	add := func(what, format string, args ...any) {
		found = append(found, finding{What: what, Found: true, Detail: fmt.Sprintf(format, args...)})
	}
	if r.CUDA != "" {
		add("CUDA driver", "%s, for CUDA up to %s", r.Driver, r.CUDA)
	}
	for i, g := range r.GPUs {
		what := fmt.Sprintf("GPU cuda:%d", g.Ordinal)
		if g.Problem != "" {
			found = append(found, finding{What: what, Detail: "the driver does not describe it: " + g.Problem, Mend: "`dmesg | grep -i xid` and nvidia-smi show what is the matter with it; a reboot may bring it back"})
			continue
		}
		found = append(found, finding{What: what, Found: true, Detail: describeGPU(g), GPU: &g}, trials[i].finding(g.Ordinal))
	}
	if r.NVRTC != "" {
		add("NVRTC", "%s, version %s", r.NVRTC, r.Version)
	}
	for _, m := range r.Missing {
		found = append(found, finding{What: m.Part, Detail: m.What, Mend: m.Mend})
	}
	return found
}

// describeGPU says what a GPU is, as far as its driver tells.
func describeGPU(g driver.GPU) string {
	s := fmt.Sprintf("%s, compute capability %d.%d, %s, %d multiprocessors", g.Name, g.Major, g.Minor, wording.Bytes(g.Memory), g.SMs)
	if g.ClockMHz > 0 {
		s += fmt.Sprintf(", %d MHz", g.ClockMHz)
	}
	if g.UUID != "" {
		s += ", " + g.UUID
	}
	return s
}

// simulatedFindings are the chips that can be simulated.
func simulatedFindings() []finding {
	if !driver.Built {
		return []finding{{What: "Simulated GPU", Detail: "a program that was built with CUDA has some", Mend: "install a C compiler, then `make build`"}}
	}
	var found []finding
	for _, c := range sim.Chips() {
		found = append(found, finding{What: "Simulated GPU", Found: true, Detail: fmt.Sprintf("sim:%s, an %s", c.Name, c.Product)})
	}
	return found
}

// codeFinding is where the machine code of kernels is kept, and how much there is.
func codeFinding() finding {
	size, files, dir, err := device.CodeSize()
	if err != nil {
		return finding{What: "Compiled kernels", Detail: err.Error(), Mend: "name another folder by " + device.CodeDirEnv}
	}
	return finding{What: "Compiled kernels", Found: true, Detail: fmt.Sprintf("%s, %d files, %s", dir, files, wording.Bytes(size))}
}

// cpuName is the processor's name where the system tells it, else its architecture.
func cpuName() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, _ := strings.Cut(lines.Text(), ":"); strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// cpuFeatures are the instruction sets that matter to the CPU code.
func cpuFeatures() []string {
	var names []string
	for _, f := range []struct {
		name string
		has  bool
	}{
		{"SSE4.2", sys.X86.HasSSE42}, {"AVX", sys.X86.HasAVX}, {"AVX2", sys.X86.HasAVX2}, {"FMA", sys.X86.HasFMA},
		{"AVX-512F", sys.X86.HasAVX512F}, {"NEON", sys.ARM64.HasASIMD}, {"SVE", sys.ARM64.HasSVE},
	} {
		if f.has {
			names = append(names, f.name)
		}
	}
	if len(names) == 0 {
		return []string{"none known for " + runtime.GOARCH}
	}
	return names
}
