package data

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"slices"
	"strings"
)

// known is a set that Open and Fetch know by name.
type known struct {
	name    string
	classes []string
	files   []download // in the order: training images, training labels, test images, test labels
	mirrors []string   // base addresses, each ending in a slash
	byHand  string     // where to get it, if Fetch can not
	debian  string     // the package of Debian that brings the files; see systemFolders

	prefix      string // of its file names, with its dash
	folder      string // torchvision's folder for it
	firstLabel  int    // the label that means class 0
	transposed  bool   // pixels are stored column by column
	preparation Preparation

	cifar *cifar // of a set whose files are not IDX
}

// download is one file as mirrors serve it, and what proves that it is the right one.
//
// The sum of the uncompressed content is the one to check, since mirrors need not agree on how they compress. For Fashion-MNIST and
// KMNIST published sums exist for the .gz files alone (TensorFlow Datasets, Keras and torchvision agree on them). Those of
// Fashion-MNIST's content are of files that, compressed with gzip -6 as on 31 August 2017, have the published sums. KMNIST's
// .gz is checked. Of its content there are MD5 sums, and those of the labels alone are the same wherever they stand: they tell the
// set by its labels, which is all that they are used for.
type download struct {
	name          string
	size          int64 // of the .gz
	contentSHA256 string
	contentSize   int64  // where contentSHA256 is known
	gzSHA256      string // where it is not
	contentMD5    string // of labels, where it is not
}

// catalog lists the known sets, in the order in which people are shown them.
var catalog = append([]known{
	{
		name:        "digits",
		classes:     tenDigits,
		byHand:      "it is built in and needs no files",
		preparation: Preparation{Framing: DigitsFraming, Ground: DarkGround},
	},
	{
		// Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits".
		name:        "mnist",
		folder:      "MNIST",
		classes:     tenDigits,
		preparation: Preparation{Framing: MNISTFraming, Ground: DarkGround},
		mirrors: []string{
			"https://storage.googleapis.com/cvdf-datasets/mnist/",
			"https://ossci-datasets.s3.amazonaws.com/mnist/",
		},
		files: []download{
			{name: "train-images-idx3-ubyte.gz", size: 9912422, contentSize: 47040016,
				contentSHA256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
			{name: "train-labels-idx1-ubyte.gz", size: 28881, contentSize: 60008,
				contentSHA256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"},
			{name: "t10k-images-idx3-ubyte.gz", size: 1648877, contentSize: 7840016,
				contentSHA256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
			{name: "t10k-labels-idx1-ubyte.gz", size: 4542, contentSize: 10008,
				contentSHA256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"},
		},
	},
	{
		// H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine
		// Learning Algorithms", arXiv:1708.07747.
		name:   "fashion-mnist",
		folder: "FashionMNIST",
		debian: "dataset-fashion-mnist",
		classes: []string{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
			"Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"},
		preparation: Preparation{Framing: Whole, Ground: DarkGround},
		mirrors: []string{
			"https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
			"https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
			"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
		},
		files: []download{
			{name: "train-images-idx3-ubyte.gz", size: 26421880, contentSize: 47040016,
				contentSHA256: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"},
			{name: "train-labels-idx1-ubyte.gz", size: 29515, contentSize: 60008,
				contentSHA256: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"},
			{name: "t10k-images-idx3-ubyte.gz", size: 4422102, contentSize: 7840016,
				contentSHA256: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"},
			{name: "t10k-labels-idx1-ubyte.gz", size: 5148, contentSize: 10008,
				contentSHA256: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"},
		},
	},
	{
		// T. Clanuwat et al., "Deep Learning for Classical Japanese Literature", arXiv:1812.01718.
		name:        "kmnist",
		folder:      "KMNIST",
		classes:     []string{"o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"},
		preparation: Preparation{Framing: Whole, Ground: DarkGround},
		mirrors: []string{
			"https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
			"https://storage.googleapis.com/kuzushiji-mnist/",
		},
		files: []download{
			{name: "train-images-idx3-ubyte.gz", size: 18165135,
				gzSHA256: "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"},
			{name: "train-labels-idx1-ubyte.gz", size: 29497, contentMD5: "949e75301f8813e0dc5800dcc320fc52",
				gzSHA256: "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"},
			{name: "t10k-images-idx3-ubyte.gz", size: 3041136,
				gzSHA256: "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"},
			{name: "t10k-labels-idx1-ubyte.gz", size: 5120, contentMD5: "9f55f451c0988b028eccdf7d5cc265ab",
				gzSHA256: "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"},
		},
	},
	emnist("balanced", mergedCharacters, 0),
	emnist("byclass", allCharacters, 0),
	emnist("bymerge", mergedCharacters, 0),
	emnist("digits", tenDigits, 0),
	emnist("letters", characters("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 1),
	emnist("mnist", tenDigits, 0),
}, cifarSets()...)

// emnist is one split of EMNIST: G. Cohen, S. Afshar, J. Tapson, A. van Schaik, "EMNIST: an extension of
// MNIST to handwritten letters", arXiv:1702.05373. Its IDX files keep MATLAB's order, column by column,
// and the letters are numbered from 1.
func emnist(split string, classes []string, firstLabel int) known {
	return known{
		name:        "emnist-" + split,
		folder:      "EMNIST",
		classes:     classes,
		byHand:      "NIST publishes EMNIST as one archive of 560 MB: unpack gzip.zip from https://www.nist.gov/itl/products-and-services/emnist-dataset and pass its folder with --data-dir DIR",
		prefix:      "emnist-" + split + "-",
		firstLabel:  firstLabel,
		transposed:  true,
		preparation: Preparation{Framing: EMNISTFraming, Ground: DarkGround},
	}
}

var (
	tenDigits     = characters("0123456789")
	allCharacters = characters("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
	// Lower-case letters that look like their capitals share a class with them.
	mergedCharacters = characters("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt")
)

func characters(s string) []string { return strings.Split(s, "") }

// contentSums tell a file's content from any other: by SHA-256, and by MD5 where the catalog has one of such files.
type contentSums struct{ sha256, md5 hash.Hash }

func newContentSums(kind int) contentSums {
	s := contentSums{sha256: sha256.New()}
	if slices.ContainsFunc(catalog, func(k known) bool { return kind < len(k.files) && k.files[kind].contentMD5 != "" }) {
		s.md5 = md5.New()
	}
	return s
}

func (s contentSums) write(b []byte) {
	s.sha256.Write(b)
	if s.md5 != nil {
		s.md5.Write(b)
	}
}

// ownerOf is the set of the catalog whose file of that kind has this content, byte for byte; k's own name where there is none.
func (k known) ownerOf(kind int, s contentSums) string {
	sum, old := hex.EncodeToString(s.sha256.Sum(nil)), ""
	if s.md5 != nil {
		old = hex.EncodeToString(s.md5.Sum(nil))
	}
	for _, other := range catalog {
		if kind >= len(other.files) {
			continue
		}
		if d := other.files[kind]; d.contentSHA256 == sum || d.contentMD5 != "" && d.contentMD5 == old {
			return other.name
		}
	}
	return k.name
}

// Names lists the sets that Open knows by name.
func Names() []string { return names(func(known) bool { return true }) }

// Fetchable lists the sets that Fetch can download.
func Fetchable() []string { return names(func(k known) bool { return len(k.mirrors) > 0 }) }

func names(want func(known) bool) (list []string) {
	for _, k := range catalog {
		if want(k) {
			list = append(list, k.name)
		}
	}
	return list
}

func lookUp(name string) (known, bool) {
	for _, k := range catalog {
		if k.name == name {
			return k, true
		}
	}
	return known{}, false
}
