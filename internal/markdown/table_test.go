package markdown

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTable(t *testing.T) {
	const page = "# A\n\n| no | heading |\n| --- | --- |\n| x | y |\n\n## B\n\ntext\n\n| see | do |\n| --- | --- |\n| `a \\| b` | c, `d` |\n| e | f |\n\n| second | table |\n| --- | --- |\n| g | h |\n\n## C\n\n## D\n| k |\n"
	assert.Equal(t, [][]string{{"`a | b`", "c, `d`"}, {"e", "f"}}, Table(page, "## B"))
	assert.Empty(t, Table(page, "## C"))
	assert.Empty(t, Table(page, "## E"))
	assert.Equal(t, []string{"a | b", "d"}, Code("`a | b` c `d`"))
	assert.Empty(t, Code("none"))
}
