/* What other traffic of this pod would disturb: loss, latency and clocks, of all peers at once and in one thread.
 *
 * To each peer go PACKETS datagrams, PACE_US apart. Their answers say how many were lost, how long they took, and by
 * the responder's two time stamps how far its clock is from this one. */
#include "sonobuoy/network/network.h"
#include "sonobuoy/network/probes.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PACKETS = 50, PACE_US = 10000, LAST_US = G_USEC_PER_SEC };
#define LOSS_FAIL 10.0    /* percent */
#define LATENCY_WARN 20.0 /* ms: within one region it is a few */
#define CLOCK_WARN 2.0    /* s */
#define CLOCK_FAIL 30.0

typedef struct {
    PeerProbe *probe;
    Endpoint to;
    int fd;
    guint64 id;              /* of the first packet */
    gint64 sent[PACKETS];    /* monotonic */
    gint64 sent_at[PACKETS]; /* since the epoch */
    double ms[PACKETS];      /* < 0: no answer */
    double offset[PACKETS];  /* seconds that the peer's clock is ahead */
} Quiet;

static void send_packet(Quiet *quiet, guint number) {
    const Probes *probes = quiet->probe->probes;
    quiet->sent[number] = g_get_monotonic_time();
    quiet->sent_at[number] = g_get_real_time();
    /* One that cannot be sent is lost. An error of an earlier one is said here: again. */
    if (!exchange_udp_send(quiet->fd, probes->node, quiet->id + number, MESSAGE_HEADER, false))
        (void)!exchange_udp_send(quiet->fd, probes->node, quiet->id + number, MESSAGE_HEADER, false);
}

static void take_answers(Quiet *quiet) {
    Message answer;
    for (;;) {
        bool taken = exchange_udp_take(quiet->fd, &answer);
        gint64 now = g_get_monotonic_time(), now_at = g_get_real_time();
        if (!taken && errno != EBADMSG)
            return;
        guint64 number = answer.id - quiet->id;
        if (!taken || number >= PACKETS || quiet->ms[number] >= 0)
            continue;
        quiet->ms[number] = (double)(now - quiet->sent[number]) / 1000;
        quiet->offset[number] =
            ((double)answer.received - (double)quiet->sent_at[number] + (double)answer.sent - (double)now_at) / 2 /
            G_USEC_PER_SEC;
    }
}

/* Answers that come until `end`, monotonic. */
static void take_until(Quiet *all, guint count, const Probes *probes, gint64 end) {
    g_autofree struct pollfd *fds = g_new0(struct pollfd, count);
    for (guint i = 0; i < count; i++)
        fds[i] = (struct pollfd){.fd = all[i].fd, .events = POLLIN};
    for (gint64 left; (left = end - g_get_monotonic_time()) > 0 && !cancel_is_set(probes->cancel);) {
        if (poll(fds, count, (int)(left / 1000 + 1)) <= 0)
            continue;
        for (guint i = 0; i < count; i++)
            if (fds[i].revents)
                take_answers(&all[i]);
    }
}

static guint answers(const Quiet *quiet) {
    guint count = 0;
    for (guint i = 0; i < PACKETS; i++)
        count += quiet->ms[i] >= 0;
    return count;
}

/* --- what it says ----------------------------------------------------------------------------------------- */

static void report_loss(Quiet *quiet, guint answered) {
    double lost = 100.0 * (PACKETS - answered) / PACKETS;
    Finding finding = {"pod-loss", quiet->probe->peer->node, &quiet->to, lost, "%"};
    probes_add(quiet->probe->probes, &finding,
               lost >= LOSS_FAIL ? NETWORK_FAIL
               : lost > 0        ? NETWORK_WARN
                                 : NETWORK_PASS,
               "%u of %d datagrams were lost, or their answers", PACKETS - answered, PACKETS);
}

static int compare_numbers(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static void report_latency(Quiet *quiet) {
    double ms[PACKETS];
    guint count = 0;
    for (guint i = 0; i < PACKETS; i++)
        if (quiet->ms[i] >= 0)
            ms[count++] = quiet->ms[i];
    qsort(ms, count, sizeof *ms, compare_numbers);
    Finding finding = {"latency", quiet->probe->peer->node, &quiet->to, ms[count / 2], "ms"};
    probes_add(quiet->probe->probes, &finding, ms[count / 2] > LATENCY_WARN ? NETWORK_WARN : NETWORK_PASS,
               "the median of %u round trips is %.2f ms, the shortest %.2f, the longest %.2f", count, ms[count / 2],
               ms[0], ms[count - 1]);
}

/* By the shortest round trip: it is wrong by at most half of that. */
static void report_clock(Quiet *quiet) {
    guint best = 0;
    for (guint i = 0; i < PACKETS; i++)
        if (quiet->ms[i] >= 0 && (quiet->ms[best] < 0 || quiet->ms[i] < quiet->ms[best]))
            best = i;
    double offset = quiet->offset[best], size = fabs(offset);
    Finding finding = {"clock", quiet->probe->peer->node, &quiet->to, offset, "s"};
    probes_add(quiet->probe->probes, &finding,
               size > CLOCK_FAIL   ? NETWORK_FAIL
               : size > CLOCK_WARN ? NETWORK_WARN
                                   : NETWORK_PASS,
               "the clock of %s is %.3f s %s this node's", quiet->probe->peer->node, size,
               offset < 0 ? "behind" : "ahead of");
}

static void report(Quiet *quiet) {
    guint answered = answers(quiet);
    report_loss(quiet, answered);
    if (answered) {
        report_latency(quiet);
        report_clock(quiet);
        return;
    }
    static const char *const ids[] = {"latency", "clock"};
    for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
        Finding finding = {ids[i], quiet->probe->peer->node, &quiet->to, 0, NULL};
        probes_add(quiet->probe->probes, &finding, NETWORK_UNKNOWN, "none of %d datagrams was answered", PACKETS);
    }
}

/* --- all of it ------------------------------------------------------------------------------------------------ */

static bool quiet_open(Quiet *quiet, PeerProbe *probe) {
    *quiet = (Quiet){.probe = probe, .fd = -1, .id = (guint64)g_random_int() << 32};
    for (guint i = 0; i < PACKETS; i++)
        quiet->ms[i] = -1;
    for (char **address = probe->peer->pod_addresses; *address && quiet->fd < 0; address++)
        if (endpoint_parse(*address, NETWORK_PORT, &quiet->to) &&
            (quiet->to.address.ss_family == AF_INET6) == probe->ipv6)
            quiet->fd = exchange_udp_open(&quiet->to, false, NULL);
    return quiet->fd >= 0;
}

void probe_quiet(PeerProbe *peers, guint count) {
    g_autofree Quiet *all = g_new0(Quiet, MAX(count, 1));
    guint used = 0;
    for (guint i = 0; i < count; i++)
        used += peers[i].answers_udp && quiet_open(&all[used], &peers[i]);
    if (used == 0)
        return;
    const Probes *probes = peers[0].probes;
    gint64 begin = g_get_monotonic_time();
    for (guint number = 0; number < PACKETS && !cancel_is_set(probes->cancel); number++) {
        for (guint i = 0; i < used; i++)
            send_packet(&all[i], number);
        take_until(all, used, probes, begin + (gint64)(number + 1) * PACE_US);
    }
    gint64 end = MIN(g_get_monotonic_time() + LAST_US, probes->deadline);
    for (bool waits = true; waits && g_get_monotonic_time() < end;) {
        take_until(all, used, probes, MIN(end, g_get_monotonic_time() + PACE_US));
        waits = false;
        for (guint i = 0; i < used; i++)
            waits |= answers(&all[i]) < PACKETS;
        if (cancel_is_set(probes->cancel))
            break;
    }
    for (guint i = 0; i < used; i++) {
        report(&all[i]);
        close(all[i].fd);
    }
}
