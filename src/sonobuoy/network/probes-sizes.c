/* How large packets may be on the way to another pod: the largest one that is answered, and a datagram in fragments. */
#include "sonobuoy/network/probes.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum {
    PACKET_MIN = 576,  /* bytes: what each IPv4 host takes */
    STEPS = 16,        /* sizes that are tried at once */
    COPIES = 3,        /* of each: one that is lost is not one that is too large */
    ROUND_MS = 400,    /* how long answers may take */
    PACE_US = 2000,    /* between packets */
    FRAGMENTED = 8000, /* bytes of a datagram */
    FRAGMENTED_TRIES = 3,
};
#define FRAGMENTED_SECONDS 2.0

typedef struct {
    Probes *probes;
    const Endpoint *to;
    int fd;
    guint64 id; /* and the packet's size: a request's */
    bool answered[STEPS];
    unsigned sizes[STEPS]; /* bytes of packets, growing */
    unsigned count;
    bool told; /* the network said that one was too large */
} Search;

static void send_size(Search *search, unsigned size) {
    for (unsigned attempt = 0; attempt < 2; attempt++) {
        if (exchange_udp_send(search->fd, search->probes->node, search->id + size, size - endpoint_overhead(search->to),
                              true) ||
            errno != EMSGSIZE)
            return;
        /* An error that an earlier packet brought is said at the next one, which is then not sent. */
        search->told = true;
    }
}

static void take_answers(Search *search) {
    Message answer;
    for (;;) {
        if (exchange_udp_take(search->fd, &answer)) {
            for (unsigned i = 0; i < search->count; i++)
                search->answered[i] |= answer.id == search->id + search->sizes[i];
        } else if (errno == EMSGSIZE) {
            search->told = true;
        } else if (errno != EBADMSG) {
            return;
        }
    }
}

static bool all_answered(const Search *search) {
    for (unsigned i = 0; i < search->count; i++)
        if (!search->answered[i])
            return false;
    return true;
}

static void await_answers(Search *search) {
    gint64 end = MIN(g_get_monotonic_time() + ROUND_MS * 1000, search->probes->deadline);
    while (!all_answered(search) && !cancel_is_set(search->probes->cancel)) {
        gint64 left = end - g_get_monotonic_time();
        struct pollfd one = {.fd = search->fd, .events = POLLIN};
        if (left <= 0 || poll(&one, 1, (int)(left / 1000 + 1)) < 0)
            return;
        take_answers(search);
    }
}

/* Sends packets of all sizes, several of each. */
static void try_sizes(Search *search) {
    memset(search->answered, 0, sizeof search->answered);
    for (unsigned copy = 0; copy < COPIES && !all_answered(search); copy++) {
        for (unsigned i = 0; i < search->count; i++) {
            send_size(search, search->sizes[i]);
            g_usleep(PACE_US);
        }
        take_answers(search);
    }
    await_answers(search);
}

/* The largest packet between `low`, which passes, and `high`, which does not. */
static unsigned search_between(Search *search, unsigned low, unsigned high) {
    while (high - low > 1 && g_get_monotonic_time() < search->probes->deadline) {
        search->count = MIN(STEPS, high - low - 1);
        for (unsigned i = 0; i < search->count; i++)
            search->sizes[i] = low + (i + 1) * (high - low) / (search->count + 1);
        try_sizes(search);
        unsigned passed = low;
        for (unsigned i = 0; i < search->count; i++)
            if (search->answered[i])
                passed = search->sizes[i];
            else
                high = search->sizes[i] > passed ? MIN(high, search->sizes[i]) : high;
        /* One that is larger than another that was lost has passed. */
        for (unsigned i = 0; high <= passed && i < search->count; i++)
            high = search->sizes[i] > passed ? search->sizes[i] : high;
        if (high <= passed)
            break;
        low = passed;
    }
    return low;
}

static bool passes(Search *search, unsigned size) {
    search->count = 1;
    search->sizes[0] = size;
    try_sizes(search);
    return search->answered[0];
}

static void report_smaller(Search *search, const Finding *finding, unsigned own) {
    unsigned passed = (unsigned)finding->value;
    if (search->told)
        probes_add(search->probes, finding, NETWORK_PASS,
                   "packets of %u bytes pass; of larger ones, up to %u of this pod's interface, the network says that "
                   "they are too large, so that senders learn it",
                   passed, own);
    else
        probes_add(search->probes, finding, NETWORK_FAIL,
                   "packets of %u bytes pass; larger ones, up to %u of this pod's interface, vanish silently", passed,
                   own);
}

static void probe_mtu(Probes *probes, const Peer *peer, const Endpoint *to) {
    Search search = {.probes = probes, .to = to, .id = (guint64)g_random_int() << 32};
    Finding finding = {"pod-mtu", peer->node, to, 0, "bytes"};
    unsigned own = (unsigned)CLAMP(probes->mtu, PACKET_MIN, 65535);
    g_autoptr(GError) failure = NULL;
    if (!probes->mtu || (search.fd = exchange_udp_open(to, true, &failure)) < 0) {
        finding.unit = NULL;
        probes_add(probes, &finding, NETWORK_UNKNOWN, "%s",
                   failure ? failure->message : "the MTU of this pod's interface cannot be read");
        return;
    }
    if (passes(&search, own)) {
        finding.value = own;
        probes_add(probes, &finding, NETWORK_PASS, "packets of %u bytes, all that this pod's interface allows, pass",
                   own);
    } else if (passes(&search, PACKET_MIN)) {
        finding.value = search_between(&search, PACKET_MIN, own);
        report_smaller(&search, &finding, own);
    } else {
        finding.unit = NULL;
        probes_add(probes, &finding, NETWORK_FAIL, "not even packets of %d bytes pass unfragmented", PACKET_MIN);
    }
    close(search.fd);
}

static void probe_fragments(Probes *probes, const Peer *peer, const Endpoint *to) {
    Patience patience = probes_patience(probes, FRAGMENTED_SECONDS);
    Finding finding = {"pod-fragments", peer->node, to, 0, NULL};
    Answer answer;
    g_autoptr(GError) failure = NULL;
    int fd = exchange_udp_open(to, false, &failure);
    if (fd >= 0 && exchange_udp(fd, probes->node, to, FRAGMENTED, FRAGMENTED_TRIES, &patience, &answer, &failure))
        probes_add(probes, &finding, NETWORK_PASS, "a datagram of %d bytes came back in %.2f ms", FRAGMENTED,
                   answer.ms);
    else
        probes_add(probes, &finding, NETWORK_FAIL, "a datagram of %d bytes: %s", FRAGMENTED, failure->message);
    if (fd >= 0)
        close(fd);
}

void probe_sizes(Probes *probes, const Peer *peer, const Endpoint *to) {
    probe_mtu(probes, peer, to);
    probe_fragments(probes, peer, to);
}
