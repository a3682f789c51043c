package cuda

import "cnn-gpu/kernels"

func finiteCheck(op kernels.FiniteCheck) []Launch {
	n := op.X.Elements()
	check := perElement("finite_check.cu", "finite_check", n)
	check.Grid[0] = min(check.Grid[0], manyBlocks)
	check.Defines = define("ELEMENTS", n, "BLOCKS", check.Grid[0])
	check.Workspace = check.Grid[0] * kernels.Int32.Size()
	halt := Launch{
		Source: "finite_check.cu", Function: "finite_check_halt", Defines: check.Defines,
		Grid: [3]int{1, 1, 1}, Block: [3]int{256, 1, 1}, Early: true,
	}
	return []Launch{check, halt}
}
