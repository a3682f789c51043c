package device

import "cnn-gpu/kernels"

// OpRunner runs single ops on a device, with operands in host memory: what the suite in kernels/kerneltest asks for.
type OpRunner struct{ Device Device }

// Run uploads the operands, runs the op and downloads them again.
func (r OpRunner) Run(op kernels.Op, mem []kernels.Mem) error {
	operands := op.Operands()
	for _, o := range operands {
		if o.Buffer != nil {
			root, _ := o.Buffer.Root()
			root.Keep = true
		}
	}
	program, err := r.Device.Compile([]kernels.Op{op})
	if err != nil {
		return err
	}
	for i, o := range operands {
		if o.Buffer != nil {
			if err := r.Device.Upload(o.Buffer, mem[i].Values()); err != nil {
				return err
			}
		}
	}
	if err := program.Run(); err != nil {
		return err
	}
	for i, o := range operands {
		if o.Buffer != nil {
			if err := r.Device.Download(mem[i].Values(), o.Buffer); err != nil {
				return err
			}
		}
	}
	return nil
}
