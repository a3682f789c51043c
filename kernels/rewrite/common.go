package rewrite

// Common lists, in their order, the passes that every device gains from: they make plain ops of plain ops.
func Common() []Pass { return []Pass{unread, foldBatchNorm, activationAfterPool, padWindows} }
