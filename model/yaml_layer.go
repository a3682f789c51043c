package model

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"cnn-gpu/internal/wording"
)

// kinds are the layers that a model file may name, in the order of their names, each as it is before the file's fields are set. A field that is
// set here is what the name stands for, so that the file cannot set it. Keras's second names are read too.
var kinds = wording.Table[string, Spec]{
	{Word: "Activation", Value: Activation{}},
	{Word: "ActivityRegularization", Value: ActivityRegularization{}},
	{Word: "AdaptiveAveragePooling2D", Value: AdaptiveAveragePooling2D{}},
	{Word: "AdaptiveMaxPooling2D", Value: AdaptiveMaxPooling2D{}},
	{Word: "Add", Value: Add{}},
	{Word: "Average", Value: Average{}},
	{Word: "AveragePooling2D", Value: AveragePooling2D{}, Also: []string{"AvgPool2D"}},
	{Word: "BatchNormalization", Value: BatchNormalization{}},
	{Word: "Concatenate", Value: Concatenate{}},
	{Word: "Conv2D", Value: Conv2D{}, Also: []string{"Convolution2D"}},
	{Word: "Conv2DTranspose", Value: Conv2DTranspose{}, Also: []string{"Convolution2DTranspose"}},
	{Word: "Cropping2D", Value: Cropping2D{}},
	{Word: "Dense", Value: Dense{}},
	{Word: "DepthwiseConv2D", Value: DepthwiseConv2D{}},
	{Word: "Dropout", Value: Dropout{}},
	{Word: "ELU", Value: ELU{}},
	{Word: "Flatten", Value: Flatten{}},
	{Word: "GaussianNoise", Value: GaussianNoise{}},
	{Word: "GlobalAveragePooling2D", Value: GlobalAveragePooling2D{}, Also: []string{"GlobalAvgPool2D"}},
	{Word: "GlobalMaxPooling2D", Value: GlobalMaxPooling2D{}, Also: []string{"GlobalMaxPool2D"}},
	{Word: "GlobalMinPooling2D", Value: GlobalMinPooling2D{}},
	{Word: "GroupNormalization", Value: GroupNormalization{}},
	{Word: "LayerNormalization", Value: LayerNormalization{}},
	{Word: "LeakyReLU", Value: LeakyReLU{}},
	{Word: "MaxPooling2D", Value: MaxPooling2D{}, Also: []string{"MaxPool2D"}},
	{Word: "Maximum", Value: Maximum{}},
	{Word: "MinPooling2D", Value: MinPooling2D{}},
	{Word: "Minimum", Value: Minimum{}},
	{Word: "Multiply", Value: Multiply{}},
	{Word: "PReLU", Value: PReLU{}},
	{Word: "Permute", Value: Permute{}},
	{Word: "ReLU", Value: ReLULayer{}},
	{Word: "Rescaling", Value: Rescaling{}},
	{Word: "Reshape", Value: Reshape{}},
	{Word: "SeparableConv2D", Value: SeparableConv2D{}, Also: []string{"SeparableConvolution2D"}},
	{Word: "Softmax", Value: Activation{Softmax}},
	{Word: "SpatialDropout2D", Value: SpatialDropout2D{}},
	{Word: "Subtract", Value: Subtract{}},
	{Word: "UpSampling2D", Value: UpSampling2D{}},
	{Word: "ZeroPadding2D", Value: ZeroPadding2D{}},
}.Lacking("a layer of Keras that cnn-gpu does not have", onlyInKeras...)

// Kinds lists the layers that a model file may name.
func Kinds() []string { return kinds.Words() }

// layerFields are the fields that every layer has beside its own, and what each is.
var layerFields = wording.Table[string, string]{
	{Word: "name", Value: "what the layer is called; its kind in small letters if not given, numbered from the second on: `conv2d`, `conv2d_1`"},
	{Word: "inputs", Value: "the name of the layer whose output it takes, or a list of names; `input` is the model's input. The layer before it if not given"},
	{Word: "repeat", Value: "how many such layers stand there one behind the other, each with parameters of its own; the names are numbered. 1 if not given"},
	{Word: "trainable", Value: "whether its parameters are learnt; `true` if not given. Those of a frozen layer (`false`) stay as they are, and a BatchNormalization then normalises by its moving averages in training, too"},
}

// parsedLayer is a layer, or the use of a block, as the file gives it.
type parsedLayer struct {
	spec     Spec
	block    *block
	values   map[string]*yaml.Node // of the block's parameters
	name     string                // none if not given
	inputs   *yaml.Node            // nil if not given
	repeat   int
	isFrozen bool
}

// kind is what the name is made of where none is given.
func (l *parsedLayer) kind() string {
	if l.block != nil {
		return l.block.name
	}
	return l.spec.Kind()
}

const layerForm = "expected a layer with its fields, such as Dense: {units: 10}"

// layerEntry is the kind of a layer and its fields.
func layerEntry(n *yaml.Node) (key, fields *yaml.Node, err error) {
	key, fields = n, &yaml.Node{Kind: yaml.MappingNode, Line: n.Line, Column: n.Column}
	if n.Kind == yaml.MappingNode {
		if len(n.Content) == 0 {
			return nil, nil, errorAt(n, "this layer is empty; %s", layerForm)
		}
		key = n.Content[0]
		if len(n.Content) > 2 {
			return nil, nil, errorAt(n.Content[2], "found %s beside %s; %s on one line or indented below it",
				describe(n.Content[2]), describe(key), layerForm)
		}
		if value := n.Content[1]; !isNull(value) {
			fields = value
		}
	}
	if key.Kind != yaml.ScalarNode || isNull(key) {
		return nil, nil, errorAt(n, "found %s; %s", describe(n), layerForm)
	}
	return key, fields, nil
}

// parseUse reads the use of a block.
func parseUse(key, fields *yaml.Node, b *block) (parsedLayer, error) {
	l := parsedLayer{block: b, values: map[string]*yaml.Node{}}
	given, err := mapping(fields, key.Value, slices.Concat(b.parameters, layerFields.Words()))
	if err != nil {
		return l, err
	}
	for _, p := range b.parameters {
		if l.values[p] = cmp.Or(given[p], b.defaults[p]); l.values[p] == nil {
			return l, errorAt(key, "%s needs the field %s", key.Value, p)
		}
	}
	return l, l.common(given)
}

// common reads the fields that every layer has.
func (l *parsedLayer) common(given map[string]*yaml.Node) (err error) {
	l.inputs, l.repeat = given["inputs"], 1
	if n := given["name"]; n != nil {
		if l.name, err = str(n, "name"); err != nil {
			return err
		}
	}
	if n := given["repeat"]; n != nil {
		if l.repeat, err = integer(n, "repeat"); err != nil {
			return err
		}
	}
	if n := given["trainable"]; n != nil {
		isTrainable, err := truth(n, "trainable")
		l.isFrozen = !isTrainable
		return err
	}
	return nil
}

func parseLayer(key, fields *yaml.Node, blocks []*block) (parsedLayer, error) {
	var l parsedLayer
	spec, err := kinds.Find("layer", key.Value)
	if err != nil {
		var names []string
		for _, b := range blocks {
			names = append(names, b.name)
		}
		if near := wording.Nearest(key.Value, names); near != "" {
			err = fmt.Errorf("unknown layer %q; did you mean the block %s?", key.Value, near)
		}
		return l, at(key, err)
	}
	value := reflect.New(reflect.TypeOf(spec)).Elem()
	value.Set(reflect.ValueOf(spec))

	open := specFields(value)
	open = slices.DeleteFunc(open, func(f specField) bool { return !f.value.IsZero() })
	known := layerFields.Words()
	for _, f := range open {
		known = append(known, f.key)
	}
	given, err := mapping(fields, key.Value, known)
	if err != nil {
		return l, err
	}
	for _, f := range open {
		switch n := given[f.key]; {
		case n != nil:
			if err := f.decode(n); err != nil {
				return l, err
			}
		case !f.optional:
			return l, errorAt(key, "%s needs the field %s", key.Value, f.key)
		}
	}
	l.spec = value.Interface().(Spec)
	return l, l.common(given)
}

// specField is a field of a layer under its name in the file.
type specField struct {
	key      string
	optional bool
	name     string // in Go
	tag      reflect.StructTag
	value    reflect.Value
}

// specFields lists the fields of a layer in their order.
func specFields(spec reflect.Value) []specField {
	var fields []specField
	for i := range spec.NumField() {
		f := spec.Type().Field(i)
		key, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		fields = append(fields, specField{key, option == "omitempty", f.Name, f.Tag, spec.Field(i)})
	}
	return fields
}

// decode sets the field to a value of the file.
func (f specField) decode(n *yaml.Node) (err error) {
	switch dst := f.value.Addr().Interface().(type) {
	case *int:
		*dst, err = integer(n, f.key)
	case *float64:
		if *dst, err = number(n, f.key); err == nil && *dst == 0 && f.optional && f.tag.Get("default") != "0" {
			err = errorAt(n, "%s is 0, which stands for the default, %s; expected another number, or none", f.key, f.tag.Get("default"))
		}
	case *Axis:
		*dst, err = axis(n, f.key)
	case *[]Axis:
		*dst, err = axisList(n, f.key)
	case *Constraint:
		*dst, err = constraint(n, f.key)
	case *Groups:
		*dst, err = groups(n, f.key)
	case *[]int:
		*dst, err = wholes(n, f.key)
	case *Border:
		*dst, err = border(n, f.key)
	case *Toggle:
		*dst, err = toggle(n, f.key)
	case *Pair:
		*dst, err = pair(n, f.key)
	case **Pair:
		*dst, err = pairOrNone(n, f.key)
	case *bool:
		*dst, err = truth(n, f.key)
	case *Axes:
		*dst, err = axes(n, f.key)
	case *Bias:
		*dst, err = bias(n, f.key)
	case *Function:
		*dst, err = word(n, f.key, functions)
	case *Padding:
		*dst, err = word(n, f.key, paddings)
	case *Interpolation:
		*dst, err = word(n, f.key, interpolations)
	case *Regularizer:
		*dst, err = regularizer(n, f.key)
	case *Initializer:
		*dst, err = word(n, f.key, initializers)
	default:
		err = errorAt(n, "%s cannot be given in a file", f.key)
	}
	return err
}

// encode is the field as a value of a file.
func (f specField) encode() *yaml.Node {
	n := &yaml.Node{}
	value := f.value.Interface()
	switch v := value.(type) {
	case Pair:
		v = orOne(v)
		if value = v[:]; v[0] == v[1] {
			value = v[0]
		}
	case *Pair:
		if value = v[:]; v[0] == v[1] {
			value = v[0]
		}
	case Border:
		value = v.short()
	case Axes:
		value = v.list()
	case []Axis:
		if len(v) == 1 {
			value = v[0]
		}
	case Bias:
		value = v.used()
	case Constraint:
		value = v.encoded()
	case Function:
		value = v.first()
	case Toggle:
		value = v == On
	case Regularizer:
		value = v.factors()
	}
	// Numbers, strings and lists of them always encode.
	_ = n.Encode(value)
	n.Style |= yaml.FlowStyle
	return n
}
