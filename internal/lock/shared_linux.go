package lock

import (
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// networks are the file systems that several machines may share and whose flock may hold within one of them only.
var networks = []int64{
	unix.NFS_SUPER_MAGIC, unix.SMB_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.FUSE_SUPER_MAGIC, unix.CEPH_SUPER_MAGIC,
	unix.AFS_SUPER_MAGIC, unix.V9FS_MAGIC,
	0x0bd00bd0, // Lustre
	0x47504653, // GPFS
	0x19830326, // BeeGFS
}

// isShared says whether other machines may have the file too.
var isShared = func(file *os.File) bool {
	var s unix.Statfs_t
	return unix.Fstatfs(int(file.Fd()), &s) == nil && slices.Contains(networks, int64(uint32(s.Type)))
}
