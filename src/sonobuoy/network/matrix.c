#include "sonobuoy/network/matrix.h"

#include <string.h>

enum {
    NODES_MAX = 20 * 1000,
    TARGETS_MAX = 20 * 1000,
    CELLS_MAX = 4 * 1000 * 1000,
    TEXTS_MAX = 32 << 20,
    FILE_MAX = 8 << 20,
    WHY_MAX = 1000,
};

const char *network_family_name(NetworkFamily family) {
    static const char *const names[] = {"", "IPv4", "IPv6"};
    return names[family];
}

static NetworkFamily family_of(const char *name) {
    return !name ? NETWORK_ANY : g_str_equal(name, "IPv6") ? NETWORK_IPV6 : NETWORK_IPV4;
}

static void node_free(void *data) {
    NetworkMatrixNode *node = data;
    g_free(node->name);
    g_free(node->missing);
    g_free(node->time);
    g_free(node);
}

NetworkMatrix *network_matrix_new(void) {
    NetworkMatrix *matrix = g_new0(NetworkMatrix, 1);
    matrix->nodes = g_ptr_array_new_with_free_func(node_free);
    matrix->targets = g_ptr_array_new_with_free_func(g_free);
    matrix->cells = g_array_new(FALSE, TRUE, sizeof(NetworkCell));
    matrix->texts = g_string_chunk_new(4096);
    matrix->node_index = g_hash_table_new(g_str_hash, g_str_equal);
    matrix->target_index = g_hash_table_new(g_str_hash, g_str_equal);
    return matrix;
}

void network_matrix_free(NetworkMatrix *matrix) {
    if (!matrix)
        return;
    g_ptr_array_unref(matrix->nodes);
    g_ptr_array_unref(matrix->targets);
    g_array_unref(matrix->cells);
    g_string_chunk_free(matrix->texts);
    g_hash_table_unref(matrix->node_index);
    g_hash_table_unref(matrix->target_index);
    g_free(matrix->starts);
    g_free(matrix);
}

/* --- filling ------------------------------------------------------------------------------------------------ */

static gint64 too_many(GError **error, const char *what, int limit) {
    g_set_error(error, BASE_ERROR, BASE_ERROR_LIMIT, "the results of the network's probes have more than %d %s", limit,
                what);
    return -1;
}

/* The index of a name, which is made where it is new; -1 with LIMIT. */
static gint64 node_of(NetworkMatrix *matrix, const char *name, GError **error) {
    void *found;
    if (g_hash_table_lookup_extended(matrix->node_index, name, NULL, &found))
        return GPOINTER_TO_UINT(found);
    if (matrix->nodes->len >= NODES_MAX)
        return too_many(error, "nodes", NODES_MAX);
    NetworkMatrixNode *node = g_new0(NetworkMatrixNode, 1);
    node->name = g_strdup(name);
    node->missing = g_strdup("the archive has no results of it");
    g_ptr_array_add(matrix->nodes, node);
    g_hash_table_insert(matrix->node_index, node->name, GUINT_TO_POINTER(matrix->nodes->len - 1));
    return matrix->nodes->len - 1;
}

static gint64 target_of(NetworkMatrix *matrix, const char *name, GError **error) {
    void *found;
    if (g_hash_table_lookup_extended(matrix->target_index, name, NULL, &found))
        return GPOINTER_TO_UINT(found);
    if (matrix->targets->len >= TARGETS_MAX)
        return too_many(error, "targets", TARGETS_MAX);
    char *copy = g_strdup(name);
    g_ptr_array_add(matrix->targets, copy);
    g_hash_table_insert(matrix->target_index, copy, GUINT_TO_POINTER(matrix->targets->len - 1));
    return matrix->targets->len - 1;
}

/* Each text once; NULL where all of them are too many. */
static const char *keep_text(NetworkMatrix *matrix, const char *text) {
    if (!text || matrix->texts_size + strlen(text) > TEXTS_MAX)
        return NULL;
    matrix->texts_size += strlen(text); /* also of one that is there: close enough for a bound */
    return g_string_chunk_insert_const(matrix->texts, text);
}

static bool add_cell(NetworkMatrix *matrix, guint from, const NetworkFinding *finding, GError **error) {
    if (matrix->cells->len >= CELLS_MAX)
        return too_many(error, "findings", CELLS_MAX) >= 0;
    gint64 to =
        finding->probe->to_node ? node_of(matrix, finding->target, error) : target_of(matrix, finding->target, error);
    if (to < 0)
        return false;
    NetworkCell cell = {.from = from,
                        .to = (guint32)to,
                        .probe = (guint8)(finding->probe - network_probes),
                        .family = (guint8)family_of(finding->family),
                        .outcome = (guint8)finding->outcome,
                        .has_value = finding->has_value,
                        .value = (float)finding->value,
                        .unit = finding->unit ? g_string_chunk_insert_const(matrix->texts, finding->unit) : NULL,
                        .said = finding->outcome == NETWORK_PASS ? NULL : keep_text(matrix, finding->said)};
    g_array_append_val(matrix->cells, cell);
    return true;
}

bool network_matrix_add(NetworkMatrix *matrix, const NetworkNode *node, GError **error) {
    gint64 from = node_of(matrix, node->node, error);
    if (from < 0)
        return false;
    NetworkMatrixNode *into = matrix->nodes->pdata[from];
    g_clear_pointer(&into->missing, g_free);
    g_free(into->time);
    into->time = g_strdup(node->time);
    into->seconds = node->seconds;
    into->mtu = node->mtu;
    into->wanted = node->wanted;
    into->ready = node->ready;
    for (guint i = 0; i < node->findings->len; i++)
        if (!add_cell(matrix, (guint)from, node->findings->pdata[i], error))
            return false;
    return true;
}

bool network_matrix_add_missing(NetworkMatrix *matrix, const char *name, const char *why, GError **error) {
    gint64 index = node_of(matrix, name, error);
    if (index < 0)
        return false;
    NetworkMatrixNode *node = matrix->nodes->pdata[index];
    if (node->missing) {
        g_free(node->missing);
        node->missing = g_strndup(why, WHY_MAX);
    }
    return true;
}

/* --- order ---------------------------------------------------------------------------------------------------- */

static int compare_texts(const char *a, const char *b) {
    int order = strverscmp(a, b);
    return order ? order : strcmp(a, b);
}

static int compare_nodes(const void *a, const void *b) {
    return compare_texts((*(NetworkMatrixNode *const *)a)->name, (*(NetworkMatrixNode *const *)b)->name);
}

static int compare_targets(const void *a, const void *b) {
    return compare_texts(*(char *const *)a, *(char *const *)b);
}

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static int compare_places(const NetworkCell *a, const NetworkCell *b) {
    if (a->probe != b->probe)
        return ORDER(a->probe, b->probe);
    if (a->family != b->family)
        return ORDER(a->family, b->family);
    return a->from != b->from ? ORDER(a->from, b->from) : ORDER(a->to, b->to);
}

/* The worst of a place first. */
static int compare_cells(const void *a, const void *b) {
    const NetworkCell *one = a, *other = b;
    int order = compare_places(one, other);
    return order ? order : ORDER(other->outcome, one->outcome);
}

/* Sorts, and says where what stood at an index is now. */
static guint32 *sort_names(GPtrArray *array, GHashTable *index, GCompareFunc compare, bool nodes) {
    guint32 *moved = g_new0(guint32, array->len + 1);
    g_ptr_array_sort(array, compare);
    for (guint i = 0; i < array->len; i++) {
        const char *name = nodes ? ((NetworkMatrixNode *)array->pdata[i])->name : array->pdata[i];
        moved[GPOINTER_TO_UINT(g_hash_table_lookup(index, name))] = i;
        g_hash_table_insert(index, (char *)name, GUINT_TO_POINTER(i));
    }
    return moved;
}

static guint place_of(guint probe, guint family) {
    return probe * NETWORK_FAMILIES + family;
}

void network_matrix_finish(NetworkMatrix *matrix) {
    GArray *cells = matrix->cells;
    g_autofree guint32 *nodes = sort_names(matrix->nodes, matrix->node_index, compare_nodes, true),
                       *targets = sort_names(matrix->targets, matrix->target_index, compare_targets, false);
    for (guint i = 0; i < cells->len; i++) {
        NetworkCell *cell = &g_array_index(cells, NetworkCell, i);
        cell->from = nodes[cell->from];
        cell->to = network_probes[cell->probe].to_node ? nodes[cell->to] : targets[cell->to];
    }
    g_array_sort(cells, compare_cells);
    guint kept = 0;
    matrix->starts = g_new0(guint, network_probes_count * NETWORK_FAMILIES + 1);
    for (guint i = 0; i < cells->len; i++) {
        const NetworkCell cell = g_array_index(cells, NetworkCell, i);
        if (kept && compare_places(&g_array_index(cells, NetworkCell, kept - 1), &cell) == 0)
            continue;
        g_array_index(cells, NetworkCell, kept++) = cell;
        matrix->counts[cell.outcome]++;
        matrix->starts[place_of(cell.probe, cell.family) + 1] = kept;
    }
    g_array_set_size(cells, kept);
    for (guint i = 1; i <= network_probes_count * NETWORK_FAMILIES; i++)
        matrix->starts[i] = MAX(matrix->starts[i], matrix->starts[i - 1]);
}

/* --- looking -------------------------------------------------------------------------------------------------- */

const NetworkCell *network_matrix_cells(const NetworkMatrix *matrix, guint probe, NetworkFamily family, guint *count) {
    guint start = matrix->starts[place_of(probe, family)];
    *count = matrix->starts[place_of(probe, family) + 1] - start;
    return &g_array_index(matrix->cells, NetworkCell, start);
}

const NetworkCell *network_matrix_cell(const NetworkMatrix *matrix, guint probe, NetworkFamily family, guint from,
                                       guint to) {
    NetworkCell key = {.from = from, .to = to, .probe = (guint8)probe, .family = (guint8)family};
    guint count;
    const NetworkCell *cells = network_matrix_cells(matrix, probe, family, &count);
    for (guint low = 0, high = count; low < high;) {
        guint middle = low + (high - low) / 2;
        int order = compare_places(&key, &cells[middle]);
        if (order == 0)
            return &cells[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const NetworkMatrixNode *network_matrix_node(const NetworkMatrix *matrix, guint index) {
    return matrix->nodes->pdata[index];
}

const char *network_matrix_target(const NetworkMatrix *matrix, const NetworkCell *cell) {
    return network_probes[cell->probe].to_node ? network_matrix_node(matrix, cell->to)->name
                                               : matrix->targets->pdata[cell->to];
}

/* --- an archive ------------------------------------------------------------------------------------------------ */

typedef struct {
    NetworkMatrix *matrix;
    char *results, *errors; /* "plugins/NAME/results/" */
    bool any;
} Reading;

/* The node whose file the path is; NULL for any other. */
static char *node_of_path(const char *path, const char *folder, const char *file) {
    if (!g_str_has_prefix(path, folder))
        return NULL;
    const char *node = path + strlen(folder), *slash = strchr(node, '/'), *last = strrchr(node, '/');
    return slash && slash > node && g_str_equal(last + 1, file) ? g_strndup(node, (size_t)(slash - node)) : NULL;
}

/* What cannot be understood is the node's trouble; what cannot be read of the archive ends it. */
static bool read_results(Reading *reading, const char *name, const char *path, Source *content, GError **error) {
    g_autoptr(GError) failure = NULL;
    g_autoptr(GBytes) bytes = source_read_all(content, FILE_MAX, &failure);
    if (!bytes && !g_error_matches(failure, BASE_ERROR, BASE_ERROR_LIMIT)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    g_autoptr(NetworkNode) node =
        bytes ? network_node_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), path, &failure) : NULL;
    if (node && !g_str_equal(node->node, name)) {
        g_autofree char *why = g_strdup_printf("%s: it is of node %s, not of %s", path, node->node, name);
        return network_matrix_add_missing(reading->matrix, name, why, error);
    }
    return node ? network_matrix_add(reading->matrix, node, error)
                : network_matrix_add_missing(reading->matrix, name, failure->message, error);
}

static bool read_trouble(Reading *reading, const char *name, const char *path, Source *content, GError **error) {
    g_autoptr(GError) failure = NULL;
    g_autoptr(GBytes) bytes = source_read_all(content, FILE_MAX, &failure);
    if (!bytes && !g_error_matches(failure, BASE_ERROR, BASE_ERROR_LIMIT)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    g_autoptr(yyjson_doc) doc =
        bytes ? json_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), path, &failure) : NULL;
    const char *why = doc ? json_get_string(yyjson_doc_get_root(doc), "error") : failure->message;
    return network_matrix_add_missing(reading->matrix, name, why ? why : "its plugin failed, without a word", error);
}

static bool read_file(const char *path, guint64 size, Source *content, void *data, GError **error) {
    Reading *reading = data;
    g_autofree char *with = node_of_path(path, reading->results, NETWORK_REPORT_FILE),
                    *without = node_of_path(path, reading->errors, "error.json");
    reading->any = reading->any || with || without;
    if (with)
        return read_results(reading, with, path, content, error);
    return !without || read_trouble(reading, without, path, content, error);
}

static void say_none(RunArchive *archive, const char *plugin, GError **error) {
    g_auto(GStrv) plugins = run_archive_plugins(archive, NULL);
    g_autofree char *names = plugins && *plugins ? g_strjoinv(", ", plugins) : g_strdup("none");
    g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                "the archive has no plugins/%s/results/NODE/" NETWORK_REPORT_FILE
                "; plugins that ran: %s; 'sonobuoy run --plugin network --wait' makes them",
                plugin, names);
}

NetworkMatrix *network_matrix_read(RunArchive *archive, const char *plugin, GError **error) {
    g_autoptr(NetworkMatrix) matrix = network_matrix_new();
    g_autofree char *results = g_strdup_printf("plugins/%s/results/", plugin),
                    *errors = g_strdup_printf("plugins/%s/errors/", plugin);
    Reading reading = {.matrix = matrix, .results = results, .errors = errors};
    if (!run_archive_walk(archive, read_file, &reading, error))
        return NULL;
    if (!reading.any) {
        say_none(archive, plugin, error);
        return NULL;
    }
    network_matrix_finish(matrix);
    return g_steal_pointer(&matrix);
}
