// Command gen writes the generated files of package sim, of which package alu has the arithmetic in Go and package simd the hottest loops
// in assembly. Run it with "go generate ./device/sim".
package main

import (
	"log"
	"os"

	"cnn-gpu/device/sim/gen/alu"
	"cnn-gpu/device/sim/gen/simd"
)

func main() {
	for _, generate := range generators {
		files, err := generate()
		if err != nil {
			log.Fatal(err)
		}
		for name, text := range files {
			if err := os.WriteFile(name, text, 0o644); err != nil {
				log.Fatal(err)
			}
		}
	}
}

// generators return the files by their names.
var generators = []func() (map[string][]byte, error){alu.Files, simd.Files}
