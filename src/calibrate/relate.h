/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Members that no number of ours stands in, found by how they relate to others: pointers into a
 * packet and positions in it, the route of a packet, a socket's namespace.
 */
#ifndef NK_CALIBRATE_RELATE_H
#define NK_CALIBRATE_RELATE_H

#include "calibrate/learn.h"

/*
 * Tells items from first on what others of their sample, or earlier devices, say: the address of
 * the struct sock of a socket, that of the device by which a packet leaves.
 */
void relate_share(struct learner *learner, struct collection *collection, size_t first);

/* sk_buff.head and the positions that are counted from it, once sk_buff.data is known. */
void relate_packets(struct learner *learner, const struct collection *collection);

/* sk_buff._skb_refdst and dst_entry.dev, which lead to a known device. */
void relate_routes(struct learner *learner, const struct collection *collection);

/*
 * Offsets that may be skc_net: pointers that are alike within a namespace and differ between two.
 * Which of them it is shows in relate_inum().
 */
void relate_namespaces(struct learner *learner, const struct collection *collection);

/*
 * What was seen through each of learner->nets: the one that leads to the namespace's number is
 * skc_net. Judges net.ns.inum, too.
 */
void relate_inum(struct learner *learner, const struct collection *collection);

/*
 * The number that a row with RULE_POSITION must hold in an observation whose struct sk_buff has
 * data and head at those offsets. 0, or -ENOENT where it does not say.
 */
int relate_position(const struct member_row *row, const struct observation *observation,
		    unsigned int pointer_size, size_t data, size_t head, uint64_t *number);

#endif
