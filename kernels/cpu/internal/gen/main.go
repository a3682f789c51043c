// Command gen writes the assembly of package cpu, each file by a package of its own. Run it with "go generate ./kernels/cpu".
package main

import (
	"fmt"
	"log"
	"os"

	"cnn-gpu/kernels/cpu/internal/gen/assembler"
	"cnn-gpu/kernels/cpu/internal/gen/bits"
	"cnn-gpu/kernels/cpu/internal/gen/depthwise"
	"cnn-gpu/kernels/cpu/internal/gen/gather"
	"cnn-gpu/kernels/cpu/internal/gen/list"
	"cnn-gpu/kernels/cpu/internal/gen/pick"
	"cnn-gpu/kernels/cpu/internal/gen/pooled"
	"cnn-gpu/kernels/cpu/internal/gen/product"
	"cnn-gpu/kernels/cpu/internal/gen/transpose"
	"cnn-gpu/kernels/cpu/internal/gen/vector"
	"cnn-gpu/kernels/cpu/internal/gen/winograd"
)

// generators are those of the files by their names.
var generators = map[string]func(asm *assembler.Assembler){
	"bits_amd64.s":      bits.Write,
	"depthwise_amd64.s": depthwise.Write,
	"gather_amd64.s":    gather.Write,
	"list_amd64.s":      list.Write,
	"pick_amd64.s":      pick.Write,
	"pooled_amd64.s":    pooled.Write,
	"product_amd64.s":   product.Write,
	"transpose_amd64.s": transpose.Write,
	"vector_amd64.s":    vector.Write,
	"winograd_amd64.s":  winograd.Write,
}

func main() {
	declarations, err := assembler.Declarations(".")
	if err != nil {
		log.Fatal(err)
	}
	for name, write := range generators {
		text, err := assembler.Assemble(declarations, write)
		if err == nil {
			err = os.WriteFile(name, text, 0o644)
		}
		if err != nil {
			log.Fatal(fmt.Errorf("%s: %w", name, err))
		}
	}
}
