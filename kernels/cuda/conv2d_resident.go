package cuda

import "cnn-gpu/kernels"

// residentProduct is a product whose blocks keep an image in shared memory, see conv2d_resident.cuh.
type residentProduct struct {
	conv2DProduct
	read    pixels
	rows    productRows
	columns int
}

// pixels are those of the images that a product reads: rows, columns, elements from one to the next, and channels of a group.
type pixels struct{ height, width, pitch, channels int }

// residentColumns are those that a tile may have.
var residentColumns = []int{16, 32, 64}

// tile is that by which a GPU is done first, if it is before so many cycles.
func (p residentProduct) tile(before int) (best productTile, ok bool) {
	if !p.isPossible() {
		return best, false
	}
	for _, columns := range residentColumns {
		for parts := 1; parts <= 8; parts++ { // of an image's rows, a warp each
			for slices := 1; slices <= mostResidentWarps; slices++ {
				for down := 1; down <= min(2, parts); down++ {
					t := productTile{columns: columns, warpRows: kernels.RoundUp(kernels.CeilDiv(p.rows.height*p.rows.width, parts), 8), warpColumns: 16, slices: slices, blocks: 1}
					t.rows = t.warpRows * down
					if p.fits(t) && p.cycles(t) < before {
						best, before, ok = t, p.cycles(t), true
					}
				}
			}
		}
	}
	return best, ok
}

// isPossible says whether strides are 1 and channels are whole runs.
func (p residentProduct) isPossible() bool {
	return p.GroupCount() == 1 && p.StrideH*p.StrideW == 1 && p.read.pitch%(rowChunks*chunk(p.Precision)) == 0
}

// pieces is how many runs of channels are summed up for a place: those of all taps.
func (p residentProduct) pieces() int {
	return p.R * p.S * p.read.pitch / (rowChunks * chunk(p.Precision))
}

// mostResidentWarps is how many a block has at most; it has half as many at least, so that some multiply while others load.
const mostResidentWarps = 16

// fits says whether a block has memory and registers for a tile: those of a warp are for more than 64 rows if each of the four parts of a multiprocessor has
// two, and for 104 at most. Where products take long the parts have equally many; where they do not, wide tiles have nothing to gain.
func (p residentProduct) fits(t productTile) bool {
	const few, short, long, most = mostResidentWarps / 2, 32, 64, 104 // rows
	warps := t.warps() * t.slices
	return warps >= few && warps <= mostResidentWarps && t.slices <= p.pieces() && t.warpRows <= most &&
		(t.warpRows <= short || warps%4 == 0) && (t.warpRows <= long || warps == few) && (t.columns == t.warpColumns && t.rows == t.warpRows || t.columns > t.warpColumns && t.warpRows >= short) &&
		t.columns < kernels.RoundUp(p.columns, 16)+16 && p.shared(t)+8*t.rows <= mostShared
}

// cycles is how long an H200 takes by estimate. Multiprocessors are busy with what blocks load and, while nothing else happens, exchange, in passes of 128 bytes,
// and with the products, unless a warp waits for each of many pieces. To this come the time from one of a warp's pieces to the next and half of L2's, since it overlaps.
func (p residentProduct) cycles(t productTile) int {
	const multiprocessors, wait, piece, perCycle = 132, 900, 300, 4900 // the last is bytes
	pieces, warps := p.pieces(), t.warps()*t.slices
	turns := kernels.CeilDiv(pieces, t.slices)
	blocks := p.rows.tiles(t) * kernels.CeilDiv(p.columns, t.columns)
	loaded := pieces*(t.rows*t.columns/t.warpColumns+2*t.columns*t.rows/t.warpRows) + 2*p.chunks(t)/rowChunks
	exchanged := t.slices * t.rows * t.columns / 8
	products := kernels.CeilDiv(warps, 4) * turns * (t.warpRows / 8) * 13
	busy := kernels.CeilDiv(blocks, multiprocessors) * (loaded + exchanged + products)
	bytes := blocks * (pieces*t.columns*rowChunks + p.chunks(t)) * chunkBytes
	return max(busy, wait*turns) + piece*turns + bytes/perCycle/2
}

// chunks is how many of an image a block keeps at most.
func (p residentProduct) chunks(t productTile) int {
	lines := (t.rows+p.rows.width-2)/p.rows.width + 1
	if p.rows.pooled {
		lines = 2 * ((t.rows/4+p.rows.width/2-2)/(p.rows.width/2) + 1)
	}
	return min(p.read.height, min(lines, p.rows.height)+(p.R-1)*p.DilationH) * p.read.width * p.read.pitch / chunk(p.Precision)
}

// shared is how many bytes a block has: the sums of each slice, zeros, and the image.
func (p residentProduct) shared(t productTile) int {
	return t.slices*t.rows*(t.columns+4)*kernels.Float32.Size() + (rowChunks+p.chunks(t))*chunkBytes
}
