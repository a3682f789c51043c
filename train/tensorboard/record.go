package tensorboard

import (
	"encoding/binary"
	"hash/crc32"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maskedCRC is the checksum of TFRecord: CRC-32C, turned right by 15 bits, plus a constant, so that data which holds checksums has no special ones
// (TensorFlow, "TFRecord and tf.train.Example", section "TFRecords format details").
func maskedCRC(data []byte) uint32 {
	crc := crc32.Checksum(data, castagnoli)
	return (crc>>15 | crc<<17) + 0xa282ead8
}

// appendRecord appends data as a record of a TFRecord file: its length (8 bytes, the least first), the length's checksum (4), the data, the data's
// checksum (4).
func appendRecord(file, data []byte) []byte {
	length := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	file = binary.LittleEndian.AppendUint32(append(file, length...), maskedCRC(length))
	return binary.LittleEndian.AppendUint32(append(file, data...), maskedCRC(data))
}
