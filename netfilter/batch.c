/* batch.c - see batch.h. */
#include "netfilter/batch.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdio.h>
#include <libnftnl/common.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netfilter/say.h"

static bool room(struct batch *b, size_t more)
{
	if (b->failed)
		return false;
	if (b->cap - b->len < more) {
		size_t cap = b->cap * 2 + more;
		uint8_t *buf = realloc(b->buf, cap);

		if (buf == NULL) {
			b->failed = true;
			return false;
		}
		b->buf = buf;
		b->cap = cap;
	}
	return true;
}

void batch_begin(struct batch *b)
{
	if (room(b, BATCH_MESSAGE_MAX))
		b->len += NLMSG_ALIGN(nftnl_batch_begin((char *)b->buf, 0)->nlmsg_len);
}

void batch_cleanup(struct batch *b)
{
	free(b->buf);
	free(b->labels);
	*b = (struct batch){ 0 };
}

struct nlmsghdr *batch_message(struct batch *b, uint16_t type, uint16_t flags, const struct batch_label *label)
{
	struct batch_label *labels;

	if (!room(b, BATCH_MESSAGE_MAX * 2))
		return NULL;
	labels = reallocarray(b->labels, b->count + 1, sizeof(*labels));
	if (labels == NULL) {
		b->failed = true;
		return NULL;
	}
	b->labels = labels;
	b->labels[b->count++] = *label;
	return nftnl_nlmsg_build_hdr((char *)b->buf + b->len, type, NFPROTO_INET, flags | NLM_F_ACK,
				     (uint32_t)b->count);
}

void batch_done(struct batch *b, const struct nlmsghdr *nlh)
{
	if (nlh->nlmsg_len > BATCH_MESSAGE_MAX)
		b->failed = true;
	else
		b->len += NLMSG_ALIGN(nlh->nlmsg_len);
}

/* Netlink sends a transaction as one datagram; with thousands of prefixes that is more than the usual buffer. */
static void make_room(struct mnl_socket *nl, size_t len)
{
	int fd = mnl_socket_get_fd(nl);
	int send = (int)(len * 2 + 65536);
	int receive = 4 * 1024 * 1024;

	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &send, sizeof(send));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive, sizeof(receive));
}

static bool refused(const struct batch *b, uint32_t seq, int error, char *err, size_t err_len)
{
	const struct batch_label *label = seq >= 1 && seq <= b->count ? &b->labels[seq - 1] : NULL;

	errno = error;
	if (label == NULL)
		return say_errno(err, err_len, "the kernel refuses the nftables transaction");
	if (label->module != NULL && (error == ENOENT || error == EOPNOTSUPP))
		return say_errno(err, err_len, "no %s in this kernel (try: modprobe %s); %s %s of table %s",
				 label->module, label->module, label->what, label->name, label->table);
	if (error == EOPNOTSUPP || error == EPROTONOSUPPORT || error == EAFNOSUPPORT)
		return say_errno(err, err_len, "nftables is not in this kernel (try: modprobe nf_tables)");
	return say_errno(err, err_len, "the kernel refuses %s %s of table %s", label->what, label->name, label->table);
}

/* The kernel has worked through the whole transaction when sendto returns, so all answers wait already. Every message
 * asked for one. */
static bool read_answers(const struct batch *b, struct mnl_socket *nl, char *err, size_t err_len)
{
	char buf[16384];
	size_t answers = 0;
	bool ok = true;

	for (;;) {
		ssize_t n = recv(mnl_socket_get_fd(nl), buf, sizeof(buf), MSG_DONTWAIT);
		int left = (int)n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		for (const struct nlmsghdr *nlh = (const struct nlmsghdr *)buf; mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left)) {
			const struct nlmsgerr *answer = mnl_nlmsg_get_payload(nlh);

			if (nlh->nlmsg_type != NLMSG_ERROR)
				continue;
			answers++;
			if (answer->error != 0 && ok)
				ok = refused(b, nlh->nlmsg_seq, -answer->error, err, err_len);
		}
	}
	if (!ok)
		return false;
	if (errno != EAGAIN && errno != EWOULDBLOCK)
		return say_errno(err, err_len, "cannot read nftables' answer");
	if (answers < b->count)
		return say(err, err_len, "nftables answered %zu of %zu messages", answers, b->count);
	return true;
}

bool batch_commit(struct batch *b, struct mnl_socket *nl, char *err, size_t err_len)
{
	if (!room(b, BATCH_MESSAGE_MAX))
		return say(err, err_len, "out of memory, or a message to nftables is too long");
	b->len += NLMSG_ALIGN(nftnl_batch_end((char *)b->buf + b->len, (uint32_t)b->count + 1)->nlmsg_len);
	make_room(nl, b->len);
	if (mnl_socket_sendto(nl, b->buf, b->len) < 0)
		return say_errno(err, err_len, "cannot send %zu octets to nftables", b->len);
	return read_answers(b, nl, err, err_len);
}
