/* Which nodes probe which. */
#include "sonobuoy/network/choice.h"
#include "sonobuoy/network/peers.h"

#include <string.h>

enum { PEERS = 8, SLICE = 100, READS = 4 };

static GPtrArray *node_names(guint count) {
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < count; i++)
        g_ptr_array_add(names, g_strdup_printf("node-%05u", i));
    return names;
}

/* All nodes see all names: each is probed by exactly as many as it probes, and not by itself. */
static void test_ring(void) {
    static const guint sizes[] = {1, 2, 3, 10, 100};
    for (size_t s = 0; s < G_N_ELEMENTS(sizes); s++) {
        guint count = sizes[s], wanted = MIN(PEERS, count - 1);
        g_autoptr(GPtrArray) names = node_names(count);
        g_autofree guint *degrees = g_new0(guint, count);
        for (guint i = 0; i < count; i++) {
            guint chosen[PEERS];
            g_assert_cmpuint(choice_of_names(names->pdata[i], (const char *const *)names->pdata, count, PEERS, chosen),
                             ==, wanted);
            for (guint j = 0; j < wanted; j++) {
                g_assert_cmpuint(chosen[j], <, count);
                g_assert_cmpuint(chosen[j], !=, i);
                for (guint k = 0; k < j; k++)
                    g_assert_cmpuint(chosen[j], !=, chosen[k]);
                degrees[chosen[j]]++;
            }
        }
        for (guint i = 0; i < count; i++)
            g_assert_cmpuint(degrees[i], ==, wanted);
    }
}

static void test_none(void) {
    guint out[1];
    const char *const one[] = {"a"};
    g_assert_cmpuint(choice_of_names("a", one, 0, 8, out), ==, 0);
    g_assert_cmpuint(choice_of_names("a", one, 1, 8, out), ==, 0);
    g_assert_cmpuint(choice_of_names("b", one, 1, 8, out), ==, 1);
    g_assert_cmpuint(choice_of_names("b", one, 1, 0, out), ==, 0);
}

/* As peers.c does it: each node reads few slices, of which the last is nearly empty, and still no node is probed by far
 * more than others, and few by none. */
static void test_slices(void) {
    enum { NODES = 1001, SLICES = 11 };
    g_autoptr(GPtrArray) names = node_names(NODES);
    g_autofree guint *degrees = g_new0(guint, NODES);
    guint reads = 0;
    for (guint i = 0; i < NODES; i++) {
        guint chosen[PEERS], count = 0, slice = 0;
        for (guint attempt = 0; attempt < READS && count == 0; attempt++) {
            slice = choice_of_slice(names->pdata[i], SLICES, attempt);
            guint size = MIN(SLICE, NODES - slice * SLICE);
            reads++;
            if (attempt + 1 == READS || choice_takes_slice(names->pdata[i], attempt, size))
                count = choice_of_names(names->pdata[i], (const char *const *)names->pdata + (size_t)slice * SLICE,
                                        size, PEERS, chosen);
        }
        for (guint j = 0; j < count; j++)
            degrees[slice * SLICE + chosen[j]]++;
    }
    guint none = 0, most = 0;
    for (guint i = 0; i < NODES; i++) {
        none += degrees[i] == 0;
        most = MAX(most, degrees[i]);
    }
    g_test_message("of %d nodes %u are probed by none, one by %u; %u slices were read", NODES, none, most, reads);
    g_assert_cmpuint(none, <=, 3);
    g_assert_cmpuint(most, <=, 3 * PEERS);
    g_assert_cmpuint(reads, <=, NODES + NODES / 5);
}

/* A pod without an account asks nobody, and has what its environment says of the Service. */
static void test_no_account(void) {
    g_setenv("SONOBUOY_NETWORK_SERVICE_HOST", "10.96.1.1", true);
    g_autoptr(Cancel) cancel = cancel_new();
    PeersOptions options = {
        .namespace_ = "here", .node = "node-1", .pod = "pod-1", .wanted = PEERS, .wait = true, .cancel = cancel};
    g_autoptr(Peers) peers = peers_read(&options);
    g_assert_nonnull(peers);
    g_assert_null(peers->own);
    g_assert_cmpuint(peers->peers->len, ==, 0);
    g_assert_cmpstr(peers->service_addresses[0], ==, "10.96.1.1");
    g_unsetenv("SONOBUOY_NETWORK_SERVICE_HOST");
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/network-choice/ring", test_ring);
    g_test_add_func("/network-choice/none", test_none);
    g_test_add_func("/network-choice/slices", test_slices);
    g_test_add_func("/network-choice/no-account", test_no_account);
    return g_test_run();
}
