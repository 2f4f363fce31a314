/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: a file. Out: how far apart its streams can lie there, what is written to it, and what may be.
 */
#include "datfile/sparse.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/file.h"
#include "datfile/format.h"

/* A CPU may fill its region; then it is full. Smaller where the file system or ulimit -f wants it.
 */
#define ROOM_MOST (UINT64_C(64) << 30)
/* No file system worth recording to takes a smaller largest file. */
#define FILE_MOST (UINT64_C(8) << 40)

/* FAT fills a file up with zeros instead of leaving holes. */
static bool has_holes(int fd)
{
	struct statfs status;

	if (fstatfs(fd, &status) < 0)
		return true;
	return status.f_type != MSDOS_SUPER_MAGIC && status.f_type != EXFAT_SUPER_MAGIC;
}

int sparse_choose_room(int fd, size_t streams, uint64_t used, uint64_t *room)
{
	struct rlimit limit;
	uint64_t most = FILE_MOST;
	uint64_t each;

	if (!has_holes(fd))
		return -EOPNOTSUPP;
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		most = limit.rlim_cur < most ? limit.rlim_cur : most;
	each = most / (streams ? streams : 1);
	if (each > ROOM_MOST)
		each = ROOM_MOST;
	for (; each >= SPARSE_ROOM_LEAST; each /= 2) {
		uint64_t rounded = each / SPARSE_ALIGNMENT * SPARSE_ALIGNMENT;
		uint64_t end = used + SPARSE_ALIGNMENT * 2 * (streams + 1) + rounded * streams;

		if (end > most || ftruncate(fd, (off_t)end) < 0)
			continue;
		*room = rounded;
		return ftruncate(fd, 0) < 0 ? -errno : 0;
	}
	return -EFBIG;
}

int sparse_write_at(int fd, const void *data, size_t length, uint64_t offset)
{
	if (lseek(fd, (off_t)offset, SEEK_SET) < 0)
		return -errno;
	return file_write_all(fd, data, length);
}

int sparse_write_image(int fd, const struct dat_image *image)
{
	unsigned char header[DAT_SECTION_HEADER_BYTES];
	int ret = sparse_write_at(fd, image->bytes.data, image->bytes.length, 0);

	for (size_t i = 0; !ret && i < image->buffer_count; i++) {
		dat_image_section_header(image, i, header);
		ret = sparse_write_at(fd, header, sizeof(header), image->sections[i].offset);
	}
	return ret;
}

int sparse_reserve(int fd, off_t offset, size_t unit, size_t *bytes)
{
	int err = ENOSPC;

	for (size_t some = *bytes; some; some = some / 2 / unit * unit) {
		if (fallocate(fd, FALLOC_FL_KEEP_SIZE, offset, (off_t)some) == 0) {
			*bytes = some;
			return 0;
		}
		err = errno;
		if (err == EOPNOTSUPP)
			return 0;
		if (err != ENOSPC && err != EDQUOT && err != EINTR)
			break;
	}
	return -err;
}

/* Beyond the end of the file some file systems let go of it by a truncation only. */
void sparse_release(int fd, off_t offset, size_t bytes)
{
	int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	struct stat status;

	/* Where it does not succeed the room is missing elsewhere, until the file is made compact.
	 */
	if (bytes > 0 && fallocate(fd, mode, offset, (off_t)bytes) == 0 &&
	    fstat(fd, &status) == 0 && ftruncate(fd, status.st_size) < 0)
		return;
}
