#include "sonobuoy/network/causes-internal.h"

#include <string.h>

enum { NAMES_SHOWN = 5, REASONS_MAX = 10 };

/* --- small things --------------------------------------------------------------------------------------------- */

guint probe_index(const char *id) {
    return (guint)(network_probe_find(id) - network_probes);
}

char *names_of(const NetworkMatrix *matrix, const guint32 *nodes, guint count) {
    GString *text = g_string_new(NULL);
    guint shown = count > NAMES_SHOWN + 1 ? NAMES_SHOWN : count;
    for (guint i = 0; i < shown; i++)
        g_string_append_printf(text, "%s%s",
                               i == 0           ? ""
                               : i + 1 == count ? " and "
                                                : ", ",
                               network_matrix_node(matrix, nodes[i])->name);
    if (shown < count)
        g_string_append_printf(text, " and %u more", count - shown);
    return g_string_free(text, FALSE);
}

static size_t index_of(const Finder *finder, const NetworkCell *cell) {
    return (size_t)(cell - &g_array_index(finder->matrix->cells, NetworkCell, 0));
}

bool cell_is_open(const Finder *finder, const NetworkCell *cell) {
    return cell->outcome >= NETWORK_WARN && !finder->claimed[index_of(finder, cell)];
}

/* --- a cause --------------------------------------------------------------------------------------------------- */

static void cause_free(void *data) {
    Cause *cause = data;
    g_free(cause->told.title);
    g_free(cause->told.seen);
    g_free(cause->told.fix);
    g_free(cause->note);
    g_array_unref(cause->told.nodes);
    g_free(cause);
}

static char *key_of(const char *id, const GArray *nodes, const char *more) {
    GString *key = g_string_new(id);
    for (guint i = 0; nodes && i < nodes->len; i++)
        g_string_append_printf(key, " %u", g_array_index(nodes, guint32, i));
    g_string_append_printf(key, "\n%s", more ? more : "");
    return g_string_free(key, FALSE);
}

Cause *cause_for(Finder *finder, const char *id, CauseRank rank, const char *sure, const GArray *nodes,
                 const char *more) {
    g_autofree char *key = key_of(id, nodes, more);
    Cause *cause = g_hash_table_lookup(finder->by_key, key);
    if (cause)
        return cause;
    cause = g_new0(Cause, 1);
    cause->told.id = id;
    cause->told.severity = NETWORK_WARN;
    cause->told.sure = sure;
    cause->told.nodes = g_array_new(FALSE, FALSE, sizeof(guint32));
    if (nodes)
        g_array_append_vals(cause->told.nodes, nodes->data, nodes->len);
    cause->rank = rank;
    g_ptr_array_add(finder->causes, cause);
    g_hash_table_insert(finder->by_key, g_steal_pointer(&key), cause);
    return cause;
}

void cause_say(Cause *cause, const char *title, const char *fix) {
    if (cause->told.title)
        return;
    cause->told.title = g_strdup(title);
    cause->told.fix = g_strdup(fix);
}

static void add_value(Cause *cause, const NetworkCell *cell) {
    double value = cell->value;
    cause->low = cause->has_range ? MIN(cause->low, value) : value;
    cause->high = cause->has_range ? MAX(cause->high, value) : value;
    cause->unit = cell->unit;
    cause->has_range = true;
}

void cause_claim(Finder *finder, Cause *cause, const NetworkCell *cell, bool valued) {
    if (!cell_is_open(finder, cell))
        return;
    finder->claimed[index_of(finder, cell)] = true;
    cause->told.explains++;
    cause->told.severity = MAX(cause->told.severity, (NetworkOutcome)cell->outcome);
    cause->counts[cell->probe]++;
    cause->families[cell->family] = true;
    cause->mtu = MAX(cause->mtu, network_matrix_node(finder->matrix, cell->from)->mtu);
    if (!cause->example)
        cause->example = cell;
    if (valued && cell->has_value)
        add_value(cause, cell);
}

/* --- a node's own findings ---------------------------------------------------------------------------------------- */

/* The first cell of a node in its probe's and family's; `end`: behind the last. */
static const NetworkCell *cells_of_node(const NetworkMatrix *matrix, guint probe, NetworkFamily family, guint node,
                                        const NetworkCell **end) {
    guint count, low = 0, high;
    const NetworkCell *cells = network_matrix_cells(matrix, probe, family, &count);
    for (high = count; low < high;) {
        guint middle = low + (high - low) / 2;
        if (cells[middle].from < node)
            low = middle + 1;
        else
            high = middle;
    }
    for (high = low; high < count && cells[high].from == node;)
        high++;
    *end = cells + high;
    return cells + low;
}

Side side_of(const Finder *finder, const char *probe, NetworkFamily family, guint node) {
    Side side = SIDE_NONE;
    for (NetworkFamily each = NETWORK_ANY; each < NETWORK_FAMILIES; each++) {
        const NetworkCell *end;
        if (family != NETWORK_EACH_FAMILY && each != family)
            continue;
        for (const NetworkCell *cell = cells_of_node(finder->matrix, probe_index(probe), each, node, &end); cell < end;
             cell++) {
            if (cell->outcome == NETWORK_FAIL && cell_is_open(finder, cell))
                return SIDE_BAD;
            if (cell->outcome == NETWORK_PASS || cell->outcome == NETWORK_WARN)
                side = SIDE_FINE;
        }
    }
    return side;
}

static void claim_probe(Finder *finder, Cause *cause, const char *probe, NetworkFamily family, gint64 node) {
    for (NetworkFamily each = NETWORK_ANY; each < NETWORK_FAMILIES; each++) {
        guint count;
        if (family != NETWORK_EACH_FAMILY && each != family && each != NETWORK_ANY)
            continue;
        const NetworkCell *cell = network_matrix_cells(finder->matrix, probe_index(probe), each, &count),
                          *end = cell + count;
        if (node >= 0)
            cell = cells_of_node(finder->matrix, probe_index(probe), each, (guint)node, &end);
        for (; cell < end; cell++)
            cause_claim(finder, cause, cell, false);
    }
}

void cause_claim_own(Finder *finder, Cause *cause, const char *probes, NetworkFamily family, gint64 node) {
    g_auto(GStrv) list = g_strsplit(probes ? probes : "", " ", -1);
    for (char **probe = list; *probe; probe++)
        claim_probe(finder, cause, *probe, family, node);
}

static bool reaches_none(const Finder *finder, guint node) {
    bool any = false;
    for (NetworkFamily family = NETWORK_ANY; family < NETWORK_FAMILIES; family++) {
        const NetworkCell *end, *cell = cells_of_node(finder->matrix, probe_index("egress"), family, node, &end);
        for (; cell < end; cell++) {
            if (cell->outcome < NETWORK_FAIL)
                return false;
            any = true;
        }
    }
    return any;
}

void cause_claim_egress(Finder *finder, Cause *cause, gint64 node) {
    guint begin = node < 0 ? 0 : (guint)node, end = node < 0 ? finder->matrix->nodes->len : begin + 1;
    for (guint i = begin; i < end; i++)
        if (reaches_none(finder, i))
            claim_probe(finder, cause, "egress", NETWORK_EACH_FAMILY, i);
}

/* --- what is left ---------------------------------------------------------------------------------------------- */

static const NetworkCell *cell_at(const Finder *finder, guint index) {
    return &g_array_index(finder->matrix->cells, NetworkCell, index);
}

/* Each by its probe and target: with the nodes that found it. */
static void find_others(Finder *finder) {
    for (guint i = 0; i < finder->matrix->cells->len; i++) {
        const NetworkCell *cell = cell_at(finder, i);
        if (!cell_is_open(finder, cell))
            continue;
        const char *target = network_matrix_target(finder->matrix, cell);
        g_autofree char *more = g_strdup_printf("%u %s", cell->probe, target),
                        *title = g_strdup_printf("%s: not as it should be, %s %s", network_probes[cell->probe].title,
                                                 network_probes[cell->probe].to_node ? "to" : "of", target);
        Cause *cause = cause_for(finder, "other", RANK_OTHER, "possible", NULL, more);
        cause_say(cause, title, network_probes[cell->probe].what);
        g_array_append_val(cause->told.nodes, cell->from);
        cause_claim(finder, cause, cell, true);
    }
}

/* Nodes without results, by why. */
static void find_missing(Finder *finder) {
    g_autoptr(GHashTable) reasons = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint32 i = 0; i < finder->matrix->nodes->len; i++) {
        const NetworkMatrixNode *node = network_matrix_node(finder->matrix, i);
        if (!node->missing)
            continue;
        bool known = g_hash_table_contains(reasons, node->missing) || g_hash_table_size(reasons) < REASONS_MAX;
        if (known)
            g_hash_table_add(reasons, node->missing);
        Cause *cause = cause_for(finder, "missing", RANK_MISSING, "certain", NULL, known ? node->missing : NULL);
        cause_say(cause, "There are no results from {nodes}",
                  "Look at the plugin's pods there: 'kubectl get pods -A -l sonobuoy-plugin=network -o wide', their "
                  "events, and 'sonobuoy logs -p network'. What such a node sees is not known.");
        cause->told.severity = NETWORK_FAIL;
        if (!cause->note)
            cause->note = g_strdup(known ? node->missing : "for other reasons");
        g_array_append_val(cause->told.nodes, i);
    }
}

/* --- words ----------------------------------------------------------------------------------------------------- */

/* The MTU that most pods have. */
static gint64 usual_mtu(const NetworkMatrix *matrix) {
    g_autoptr(GHashTable) counts = g_hash_table_new(NULL, NULL);
    gint64 usual = 0;
    guint most = 0;
    for (guint i = 0; i < matrix->nodes->len; i++) {
        gint64 mtu = MIN(network_matrix_node(matrix, i)->mtu, G_MAXINT);
        guint count = mtu ? GPOINTER_TO_UINT(g_hash_table_lookup(counts, GINT_TO_POINTER(mtu))) + 1 : 0;
        g_hash_table_insert(counts, GINT_TO_POINTER(mtu), GUINT_TO_POINTER(count));
        if (count > most) {
            most = count;
            usual = mtu;
        }
    }
    return usual;
}

/* What carries packets between pods of different nodes, as the room that it takes of an Ethernet's 1500 bytes or of a
 * cloud's 9001 says. Source: the documentation of flannel, Calico, Cilium and OVN-Kubernetes. */
static char *overlay_words(const NetworkMatrix *matrix) {
    static const struct {
        gint64 mtu;
        const char *words;
    } known[] = {
        {1450, "is VXLAN's: UDP port 8472 (flannel, Cilium) or 4789 (Calico) must pass between nodes"},
        {8951, "is VXLAN's: UDP port 8472 (flannel, Cilium) or 4789 (Calico) must pass between nodes"},
        {8950, "is VXLAN's: UDP port 8472 (flannel, Cilium) or 4789 (Calico) must pass between nodes"},
        {1400, "is Geneve's: UDP port 6081 must pass between nodes"},
        {1480, "is IP-in-IP's: IP protocol 4 must pass between nodes"},
        {8981, "is IP-in-IP's: IP protocol 4 must pass between nodes"},
        {1440, "is WireGuard's: UDP ports 51820 and 51821 (Calico, flannel) or 51871 (Cilium) must pass between nodes"},
        {1420, "is WireGuard's: UDP ports 51820 and 51821 (Calico, flannel) or 51871 (Cilium) must pass between nodes"},
        {1500, "leaves no room for a tunnel: the network between the nodes must have routes to the pods' addresses (a "
               "cloud's route table, or BGP on TCP port 179) and let packets from those addresses pass"},
        {9001, "leaves no room for a tunnel: the network between the nodes must have routes to the pods' addresses (a "
               "cloud's route table, or BGP on TCP port 179) and let packets from those addresses pass"},
    };
    gint64 mtu = usual_mtu(matrix);
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
        if (known[i].mtu == mtu)
            return g_strdup_printf("The pods' MTU of %" G_GINT64_FORMAT " %s.", mtu, known[i].words);
    return g_strdup("What carries the pods' packets must pass between nodes: VXLAN's UDP port 8472 or 4789, Geneve's "
                    "6081, WireGuard's 51820, IP protocol 4 (IP-in-IP), or BGP's TCP port 179.");
}

static char *range_words(const Cause *cause) {
    const char *unit = cause->unit ? cause->unit : "", *space = *unit ? " " : "";
    if (!cause->has_range)
        return g_strdup("how much is not known");
    if (cause->high - cause->low < 0.05)
        return g_strdup_printf("%.4g%s%s", cause->low, space, unit);
    return g_strdup_printf("%.4g to %.4g%s%s", cause->low, cause->high, space, unit);
}

static char *filled(const Finder *finder, const Cause *cause, const char *text) {
    GString *out = g_string_new(text);
    g_autofree char *low = cause->has_range ? g_strdup_printf("%.0f", cause->low) : g_strdup("what passes"),
                    *packets = cause->has_range ? g_strdup_printf("Packets of more than %s bytes", low)
                                                : g_strdup("Large packets"),
                    *mtu =
                        cause->mtu ? g_strdup_printf("; pods send up to %" G_GINT64_FORMAT, cause->mtu) : g_strdup(""),
                    *range = range_words(cause), *overlay = overlay_words(finder->matrix),
                    *names = names_of(finder->matrix, (guint32 *)cause->told.nodes->data, cause->told.nodes->len);
    const struct {
        const char *what, *with;
    } places[] = {{"{low}", low},     {"{packets}", packets}, {"{mtu}", mtu},
                  {"{range}", range}, {"{overlay}", overlay}, {"{nodes}", *names ? names : "all nodes"}};
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
        g_string_replace(out, places[i].what, places[i].with, 0);
    return g_string_free(out, FALSE);
}

static const char *family_prefix(const Finder *finder, const Cause *cause) {
    bool four = cause->families[NETWORK_IPV4], six = cause->families[NETWORK_IPV6];
    if (!finder->families[NETWORK_IPV4] || !finder->families[NETWORK_IPV6] || four == six)
        return "";
    return four ? "IPv4: " : "IPv6: ";
}

static void list_probes(const Cause *cause, GString *out) {
    guint kinds = 0;
    for (guint i = 0; i < network_probes_count; i++)
        if (cause->counts[i])
            g_string_append_printf(out, "%s%s", kinds++ ? ", " : "", network_probes[i].id);
}

static char *seen_words(const Finder *finder, const Cause *cause) {
    GString *out = g_string_new(NULL);
    const NetworkCell *cell = cause->example;
    if (cause->told.explains > 1) {
        g_string_append_printf(out, "%u findings of ", cause->told.explains);
        list_probes(cause, out);
        g_string_append(out, "; ");
    }
    if (cell) {
        const NetworkProbe *probe = &network_probes[cell->probe];
        g_string_append_printf(out, "%s%s%s%s (%s%s%s): %s", cause->told.explains > 1 ? "such as " : "",
                               network_matrix_node(finder->matrix, cell->from)->name, probe->to_node ? " to " : ", ",
                               network_matrix_target(finder->matrix, cell), probe->id, cell->family ? " " : "",
                               network_family_name((NetworkFamily)cell->family), cell->said ? cell->said : "");
    }
    if (cause->note)
        g_string_append_printf(out, "%s%s", out->len ? ". " : "", cause->note);
    return g_string_free(out, FALSE);
}

static int compare_numbers(const void *a, const void *b) {
    guint32 one = *(const guint32 *)a, other = *(const guint32 *)b;
    return (one > other) - (one < other);
}

static void sort_nodes(GArray *nodes) {
    guint kept = 0;
    g_array_sort(nodes, compare_numbers);
    for (guint i = 0; i < nodes->len; i++) {
        guint32 node = g_array_index(nodes, guint32, i);
        if (kept == 0 || g_array_index(nodes, guint32, kept - 1) != node)
            g_array_index(nodes, guint32, kept++) = node;
    }
    g_array_set_size(nodes, kept);
}

static void cause_finish(const Finder *finder, Cause *cause) {
    NetworkCause *told = &cause->told;
    sort_nodes(told->nodes);
    g_autofree char *title = filled(finder, cause, told->title), *fix = g_steal_pointer(&told->fix);
    g_free(told->title);
    told->title = g_strconcat(family_prefix(finder, cause), title, NULL);
    told->seen = seen_words(finder, cause);
    told->fix = g_strchomp(filled(finder, cause, fix));
}

/* --- all ----------------------------------------------------------------------------------------------------- */

static int compare_causes(const void *a, const void *b) {
    const Cause *one = *(Cause *const *)a, *other = *(Cause *const *)b;
    if (one->told.severity != other->told.severity)
        return (int)other->told.severity - (int)one->told.severity;
    if (one->rank != other->rank)
        return (int)one->rank - (int)other->rank;
    return (other->told.explains > one->told.explains) - (other->told.explains < one->told.explains);
}

static void find_families(Finder *finder) {
    for (guint i = 0; i < finder->matrix->cells->len; i++)
        finder->families[cell_at(finder, i)->family] = true;
}

GPtrArray *network_causes(const NetworkMatrix *matrix) {
    g_autofree bool *claimed = g_new0(bool, matrix->cells->len + 1);
    g_autoptr(GHashTable) by_key = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Finder finder = {matrix, claimed, g_ptr_array_new_with_free_func(cause_free), by_key, {0}};
    g_assert(network_probes_count <= NETWORK_PROBES_MAX);
    find_families(&finder);
    find_pod_causes(&finder);
    find_service_causes(&finder);
    find_node_causes(&finder);
    find_dns_causes(&finder);
    find_api_causes(&finder);
    find_egress_causes(&finder);
    find_clock_causes(&finder);
    find_others(&finder);
    find_missing(&finder);
    for (guint i = 0; i < finder.causes->len; i++)
        cause_finish(&finder, finder.causes->pdata[i]);
    g_ptr_array_sort(finder.causes, compare_causes);
    return finder.causes;
}
