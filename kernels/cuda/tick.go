package cuda

func tick() []Launch {
	return []Launch{{Source: "tick.cu", Function: "tick", Grid: [3]int{1, 1, 1}, Block: [3]int{1, 1, 1}}}
}
