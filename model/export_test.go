package model

// KindSpecs is the table of the layers that a model file may name.
var KindSpecs = kinds
