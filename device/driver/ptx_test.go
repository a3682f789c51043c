package driver

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNewestPTX(t *testing.T) {
	for cuda, want := range map[int]string{10020: "0.0", 11000: "7.0", 11080: "7.8", 12000: "8.0", 12040: "8.4", 12050: "8.5", 12060: "8.5", 12090: "8.8", 13000: "9.0", 14000: "9.2"} {
		major, minor := NewestPTX(cuda)
		assert.Equal(t, want, fmt.Sprintf("%d.%d", major, minor), cuda)
	}
	for i := 1; i < len(ptxVersions); i++ {
		newer, older := ptxVersions[i-1], ptxVersions[i]
		assert.Greater(t, newer.cuda, older.cuda)
		assert.Greater(t, 10*newer.major+newer.minor, 10*older.major+older.minor)
	}
}
