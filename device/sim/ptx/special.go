package ptx

import "fmt"

// specialRegisters are the read-only registers of the section "Special Registers".
var specialRegisters = func() map[string]bool {
	m := map[string]bool{}
	for _, name := range []string{
		"%tid", "%ntid", "%ctaid", "%nctaid",
		"%clusterid", "%nclusterid", "%cluster_ctaid", "%cluster_nctaid",
	} {
		for _, component := range []string{"", ".x", ".y", ".z", ".w"} {
			m[name+component] = true
		}
	}
	for _, name := range []string{
		"%laneid", "%warpid", "%nwarpid", "%smid", "%nsmid", "%gridid",
		"%is_explicit_cluster", "%cluster_ctarank", "%cluster_nctarank",
		"%lanemask_eq", "%lanemask_le", "%lanemask_lt", "%lanemask_ge", "%lanemask_gt",
		"%clock", "%clock_hi", "%clock64", "%globaltimer", "%globaltimer_lo", "%globaltimer_hi",
		"%total_smem_size", "%dynamic_smem_size", "%aggr_smem_size",
		"%reserved_smem_offset_begin", "%reserved_smem_offset_end", "%reserved_smem_offset_cap",
		"%reserved_smem_offset_0", "%reserved_smem_offset_1", "%current_graph_exec",
	} {
		m[name] = true
	}
	for i := range 32 {
		m[fmt.Sprintf("%%envreg%d", i)] = true
	}
	for i := range 8 {
		m[fmt.Sprintf("%%pm%d", i)], m[fmt.Sprintf("%%pm%d_64", i)] = true, true
	}
	return m
}()
