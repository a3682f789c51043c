package driver

// ptxVersions are the versions of CUDA, as cuDriverGetVersion gives them, from which on a driver knows a version of PTX ("PTX ISA",
// Release Notes), descending.
var ptxVersions = []struct{ cuda, major, minor int }{
	{13020, 9, 2}, {13010, 9, 1}, {13000, 9, 0},
	{12090, 8, 8}, {12080, 8, 7}, {12070, 8, 6}, {12050, 8, 5}, {12040, 8, 4}, {12030, 8, 3}, {12020, 8, 2}, {12010, 8, 1}, {12000, 8, 0},
	{11080, 7, 8}, {11070, 7, 7}, {11060, 7, 6}, {11050, 7, 5}, {11040, 7, 4}, {11030, 7, 3}, {11020, 7, 2}, {11010, 7, 1}, {11000, 7, 0},
}

// NewestPTX is the newest version of PTX that a driver of a version of CUDA knows; 12040 is 12.4. Zero for drivers before CUDA 11.
func NewestPTX(cuda int) (major, minor int) {
	for _, v := range ptxVersions {
		if cuda >= v.cuda {
			return v.major, v.minor
		}
	}
	return 0, 0
}
