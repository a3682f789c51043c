//go:build !(cuda && cgo)

package main

func installTestMachine() {}
