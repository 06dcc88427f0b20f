/* Clocks: each probe has the difference of two nodes' clocks. Of a node that differs from most it is the node that is
 * wrong, and not all those that it was compared with. */
#include "sonobuoy/network/causes-internal.h"

#include <math.h>
#include <string.h>

/* Seconds; as the probes have them. */
static const double worth_telling = 2;

static double seconds_of(const NetworkCell *cell) {
    return cell->unit && g_str_equal(cell->unit, "ms") ? cell->value / 1000.0 : cell->value;
}

static int compare_numbers(const void *a, const void *b) {
    double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

/* Of two in the middle the smaller one: a node is not wrong because half of the others are. */
static double median(GArray *values) {
    g_array_sort(values, compare_numbers);
    if (values->len == 0)
        return 0;
    double high = g_array_index(values, double, values->len / 2),
           low = g_array_index(values, double, (values->len - 1) / 2);
    return fabs(low) < fabs(high) ? low : high;
}

/* How far each node's clock is ahead of those it was compared with, in the middle; `out_known`: with how many. */
static double *offsets_of(const Finder *finder, guint *known) {
    guint nodes = finder->matrix->nodes->len;
    g_autofree GArray **values = g_new(GArray *, nodes + 1);
    double *offsets = g_new0(double, nodes + 1);
    for (guint i = 0; i < nodes; i++)
        values[i] = g_array_new(FALSE, FALSE, sizeof(double));
    for (NetworkFamily family = NETWORK_ANY; family < NETWORK_FAMILIES; family++) {
        guint count;
        const NetworkCell *cells = network_matrix_cells(finder->matrix, probe_index("clock"), family, &count);
        for (guint i = 0; i < count; i++) {
            double ahead = seconds_of(&cells[i]), behind = -ahead;
            if (!cells[i].has_value || cells[i].from == cells[i].to)
                continue;
            g_array_append_val(values[cells[i].to], ahead);
            g_array_append_val(values[cells[i].from], behind);
        }
    }
    for (guint i = 0; i < nodes; i++) {
        known[i] = values[i]->len;
        offsets[i] = median(values[i]);
        g_array_unref(values[i]);
    }
    return offsets;
}

/* Whether anything that is not told yet is of the node; with a cause it is claimed. */
static bool look_at_clock(Finder *finder, Cause *cause, guint node) {
    bool any = false;
    for (NetworkFamily family = NETWORK_ANY; family < NETWORK_FAMILIES; family++) {
        guint count;
        const NetworkCell *cells = network_matrix_cells(finder->matrix, probe_index("clock"), family, &count);
        for (guint i = 0; i < count; i++) {
            if (cells[i].from != node && cells[i].to != node)
                continue;
            any = any || cell_is_open(finder, &cells[i]);
            if (cause)
                cause_claim(finder, cause, &cells[i], false);
        }
    }
    return any;
}

#define CLOCK_FIX                                                                                                    \
    "Set the clock there: is chrony or systemd-timesyncd running, and does it reach its servers (chronyc tracking, " \
    "timedatectl)? Certificates, tokens, leases and logs go wrong by it."

/* Of two nodes it is not known which is wrong: theirs is told as a difference. */
static void find_differences(Finder *finder) {
    for (NetworkFamily family = NETWORK_ANY; family < NETWORK_FAMILIES; family++) {
        guint count;
        const NetworkCell *cells = network_matrix_cells(finder->matrix, probe_index("clock"), family, &count);
        for (guint i = 0; i < count; i++) {
            if (!cell_is_open(finder, &cells[i]))
                continue;
            g_autoptr(GArray) nodes = g_array_new(FALSE, FALSE, sizeof(guint32));
            guint32 low = MIN(cells[i].from, cells[i].to), high = MAX(cells[i].from, cells[i].to);
            g_array_append_val(nodes, low);
            g_array_append_val(nodes, high);
            g_autofree char *title =
                g_strdup_printf("The clocks of {nodes} differ by %.1f s", fabs(seconds_of(&cells[i])));
            Cause *cause = cause_for(finder, "clocks-differ", RANK_CLOCK, "certain", nodes, NULL);
            cause_say(cause, title, "Which of them is wrong is not known. " CLOCK_FIX);
            cause_claim(finder, cause, &cells[i], false);
        }
    }
}

void find_clock_causes(Finder *finder) {
    guint nodes = finder->matrix->nodes->len;
    g_autofree guint *known = g_new0(guint, nodes + 1);
    g_autofree double *offsets = offsets_of(finder, known);
    g_autoptr(GHashTable) compared = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < nodes; i++)
        if (known[i])
            g_hash_table_add(compared, GUINT_TO_POINTER(i + 1));
    for (guint32 i = 0; g_hash_table_size(compared) > 2 && i < nodes; i++) {
        if (!known[i] || fabs(offsets[i]) <= worth_telling || !look_at_clock(finder, NULL, i))
            continue;
        g_autoptr(GArray) node = g_array_new(FALSE, FALSE, sizeof(guint32));
        g_array_append_val(node, i);
        g_autofree char *title =
            g_strdup_printf("The clock of {nodes} is %.1f s %s", fabs(offsets[i]), offsets[i] > 0 ? "fast" : "slow");
        Cause *cause = cause_for(finder, "clock", RANK_CLOCK, known[i] > 2 ? "certain" : "likely", node, NULL);
        cause_say(cause, title, CLOCK_FIX);
        look_at_clock(finder, cause, i);
    }
    find_differences(finder);
}
