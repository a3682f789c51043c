package sass

// Decode reads one instruction.
var Decode = decode
