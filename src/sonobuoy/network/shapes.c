#include "sonobuoy/network/shapes.h"

enum { ALMOST_MIN = 10, MOST_MIN = 4 };

typedef struct {
    const GArray *ways;
    guint nodes;
    guint32 *group; /* of each node: another of the same group, at last the one that stands for it */
    guint32 *size;  /* of the group that a node stands for */
    bool *in, *out; /* a way comes to it, goes from it */
    guint8 *taken;  /* of each way: it is in a shape */
    GPtrArray *found;
} Search;

#define WAY(search, i) (&g_array_index((search)->ways, NetworkWay, i))

static void shape_free(void *data) {
    NetworkShape *shape = data;
    g_array_unref(shape->nodes);
    g_array_unref(shape->groups);
    g_array_unref(shape->ways);
    g_free(shape);
}

static NetworkShape *shape_of_kind(Search *search, NetworkShapeKind kind) {
    for (guint i = 0; i < search->found->len; i++) {
        NetworkShape *shape = search->found->pdata[i];
        if (shape->kind == kind)
            return shape;
    }
    NetworkShape *shape = g_new0(NetworkShape, 1);
    shape->kind = kind;
    shape->nodes = g_array_new(FALSE, FALSE, sizeof(guint32));
    shape->groups = g_array_new(FALSE, FALSE, sizeof(guint));
    shape->ways = g_array_new(FALSE, FALSE, sizeof(NetworkWay));
    g_ptr_array_add(search->found, shape);
    return shape;
}

static void take_way(Search *search, NetworkShape *shape, guint index) {
    search->taken[index] = true;
    g_array_append_val(shape->ways, *WAY(search, index));
}

static guint32 group_of(Search *search, guint32 node) {
    while (search->group[node] != node) {
        search->group[node] = search->group[search->group[node]];
        node = search->group[node];
    }
    return node;
}

/* Nodes are of one group where a way between them is fine. */
static void find_groups(Search *search) {
    for (guint i = 0; i < search->nodes; i++) {
        search->group[i] = i;
        search->size[i] = 1;
    }
    for (guint i = 0; i < search->ways->len; i++) {
        const NetworkWay *way = WAY(search, i);
        if (way->from == way->to)
            continue;
        search->out[way->from] = search->in[way->to] = true;
        guint32 one = group_of(search, way->from), other = group_of(search, way->to);
        if (way->bad || one == other)
            continue;
        search->group[one] = other;
        search->size[other] += search->size[one];
    }
}

static bool is_seen(const Search *search, guint32 node) {
    return search->in[node] || search->out[node];
}

/* --- everything ----------------------------------------------------------------------------------------------- */

static bool find_all(Search *search) {
    guint ways = 0, bad = 0;
    for (guint i = 0; i < search->ways->len; i++) {
        const NetworkWay *way = WAY(search, i);
        ways += way->from != way->to;
        bad += way->bad && way->from != way->to;
    }
    if (bad == 0 || (bad < ways && (ways < ALMOST_MIN || bad * 10 < ways * 9)))
        return false;
    NetworkShape *shape = shape_of_kind(search, NETWORK_SHAPE_ALL);
    for (guint i = 0; i < search->ways->len; i++)
        if (WAY(search, i)->bad)
            take_way(search, shape, i);
    for (guint32 node = 0; node < search->nodes; node++)
        if (is_seen(search, node))
            g_array_append_val(shape->nodes, node);
    return true;
}

/* --- groups ----------------------------------------------------------------------------------------------------- */

static int compare_sizes(const void *a, const void *b, void *data) {
    const Search *search = data;
    guint32 one = *(const guint32 *)a, other = *(const guint32 *)b;
    if (search->size[one] != search->size[other])
        return search->size[one] > search->size[other] ? -1 : 1;
    return one > other ? 1 : -1;
}

/* Whether the way is between two groups of several nodes: then it is bad. */
static bool is_across(Search *search, const NetworkWay *way) {
    guint32 one = group_of(search, way->from), other = group_of(search, way->to);
    return one != other && search->size[one] > 1 && search->size[other] > 1;
}

/* Those that stand for a group of several, the largest group first; not those of which no way leads to another: it is
 * not known whether these reach each other. */
static GArray *large_groups(Search *search) {
    GArray *groups = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_autofree bool *across = g_new0(bool, search->nodes + 1);
    for (guint i = 0; i < search->ways->len; i++)
        if (is_across(search, WAY(search, i)))
            across[group_of(search, WAY(search, i)->from)] = across[group_of(search, WAY(search, i)->to)] = true;
    for (guint32 node = 0; node < search->nodes; node++)
        if (across[node])
            g_array_append_val(groups, node);
    g_array_sort_with_data(groups, compare_sizes, search);
    return groups;
}

static void find_split(Search *search, const GArray *groups) {
    NetworkShape *shape = shape_of_kind(search, NETWORK_SHAPE_SPLIT);
    for (guint i = 0; i < groups->len; i++) {
        guint32 group = g_array_index(groups, guint32, i);
        g_array_append_val(shape->groups, search->size[group]);
        for (guint32 node = 0; node < search->nodes; node++)
            if (group_of(search, node) == group)
                g_array_append_val(shape->nodes, node);
    }
    for (guint i = 0; i < search->ways->len; i++)
        if (is_across(search, WAY(search, i)))
            take_way(search, shape, i);
}

static bool is_alone(Search *search, guint32 node) {
    return is_seen(search, node) && search->size[group_of(search, node)] == 1;
}

/* What a node that is in no group with others is: its ways are bad, all of them. */
static NetworkShapeKind kind_of_alone(const Search *search, guint32 node) {
    return search->in[node] && search->out[node] ? NETWORK_SHAPE_CUT_OFF
           : search->out[node]                   ? NETWORK_SHAPE_ROW
                                                 : NETWORK_SHAPE_COLUMN;
}

static void find_alone(Search *search) {
    for (guint32 node = 0; node < search->nodes; node++)
        if (is_alone(search, node))
            g_array_append_val(shape_of_kind(search, kind_of_alone(search, node))->nodes, node);
    for (guint i = 0; i < search->ways->len; i++) {
        const NetworkWay *way = WAY(search, i);
        if (search->taken[i] || !way->bad)
            continue;
        guint32 node = is_alone(search, way->from) ? way->from : way->to;
        if (is_alone(search, node))
            take_way(search, shape_of_kind(search, kind_of_alone(search, node)), i);
    }
}

/* --- rows and columns ----------------------------------------------------------------------------------------------
 */

/* A row or a column: how many of its ways fail, of how many that are in no shape yet, and which those are. */
typedef struct {
    guint bad, all;
    guint start, end; /* in Lines.ways */
} Line;

typedef struct {
    Search *search;
    Line *lines; /* rows, and behind them columns */
    guint count;
    guint *ways; /* indexes of ways, line by line */
} Lines;

static guint row_of(const NetworkWay *way) {
    return way->from;
}

static guint column_of(const Search *search, const NetworkWay *way) {
    return search->nodes + way->to;
}

static bool is_bad_line(const Line *line) {
    return line->bad >= 2 && (line->bad == line->all || (line->bad >= MOST_MIN && line->bad * 4 >= line->all * 3));
}

static Line *worst_line(const Lines *lines) {
    Line *worst = NULL;
    for (guint i = 0; i < lines->count; i++)
        if (is_bad_line(&lines->lines[i]) && (!worst || lines->lines[i].bad > worst->bad))
            worst = &lines->lines[i];
    return worst;
}

static void count_way(Line *line, const NetworkWay *way) {
    line->all++;
    line->bad += way->bad;
}

/* A node's way to itself is in no row: that it does not reach itself says nothing of what it sends. */
static void count_lines(Lines *lines) {
    Search *search = lines->search;
    for (guint i = 0; i < search->ways->len; i++) {
        const NetworkWay *way = WAY(search, i);
        if (search->taken[i])
            continue;
        if (way->from != way->to)
            count_way(&lines->lines[row_of(way)], way);
        count_way(&lines->lines[column_of(search, way)], way);
    }
    guint at = 0;
    for (guint i = 0; i < lines->count; i++) {
        lines->lines[i].start = lines->lines[i].end = at;
        at += lines->lines[i].all;
    }
    for (guint i = 0; i < search->ways->len; i++) {
        const NetworkWay *way = WAY(search, i);
        if (search->taken[i])
            continue;
        if (way->from != way->to)
            lines->ways[lines->lines[row_of(way)].end++] = i;
        lines->ways[lines->lines[column_of(search, way)].end++] = i;
    }
}

static void take_line(Lines *lines, Line *line) {
    Search *search = lines->search;
    guint index = (guint)(line - lines->lines);
    bool is_row = index < search->nodes;
    guint32 node = is_row ? index : index - search->nodes;
    NetworkShape *shape = shape_of_kind(search, is_row ? NETWORK_SHAPE_ROW : NETWORK_SHAPE_COLUMN);
    g_array_append_val(shape->nodes, node);
    for (guint i = line->start; i < line->end; i++) {
        const NetworkWay *way = WAY(search, lines->ways[i]);
        if (search->taken[lines->ways[i]] || !way->bad)
            continue;
        take_way(search, shape, lines->ways[i]);
        Line *row = &lines->lines[row_of(way)], *column = &lines->lines[column_of(search, way)];
        row->bad -= way->from != way->to;
        row->all -= way->from != way->to;
        column->bad--;
        column->all--;
    }
}

static void find_lines(Search *search) {
    g_autofree Line *all = g_new0(Line, 2 * search->nodes + 1);
    g_autofree guint *ways = g_new(guint, 2 * search->ways->len + 1);
    Lines lines = {search, all, 2 * search->nodes, ways};
    count_lines(&lines);
    for (Line *line; (line = worst_line(&lines));)
        take_line(&lines, line);
}

/* --- pairs
 * ------------------------------------------------------------------------------------------------------------ */

static void find_pairs(Search *search) {
    g_autofree bool *concerned = g_new0(bool, search->nodes + 1);
    for (guint i = 0; i < search->ways->len; i++) {
        const NetworkWay *way = WAY(search, i);
        if (search->taken[i] || !way->bad)
            continue;
        take_way(search, shape_of_kind(search, NETWORK_SHAPE_PAIRS), i);
        concerned[way->from] = concerned[way->to] = true;
    }
    for (guint32 node = 0; node < search->nodes; node++)
        if (concerned[node])
            g_array_append_val(shape_of_kind(search, NETWORK_SHAPE_PAIRS)->nodes, node);
}

static int compare_kinds(const void *a, const void *b) {
    return (int)(*(NetworkShape *const *)a)->kind - (int)(*(NetworkShape *const *)b)->kind;
}

static int compare_numbers(const void *a, const void *b) {
    guint32 one = *(const guint32 *)a, other = *(const guint32 *)b;
    return (one > other) - (one < other);
}

GPtrArray *network_shapes_of(const GArray *ways, guint nodes) {
    g_autofree guint32 *group = g_new(guint32, nodes + 1), *size = g_new(guint32, nodes + 1);
    g_autofree bool *in = g_new0(bool, nodes + 1), *out = g_new0(bool, nodes + 1);
    g_autofree guint8 *taken = g_new0(guint8, ways->len + 1);
    Search search = {ways, nodes, group, size, in, out, taken, g_ptr_array_new_with_free_func(shape_free)};
    find_groups(&search);
    if (!find_all(&search)) {
        g_autoptr(GArray) groups = large_groups(&search);
        if (groups->len > 0)
            find_split(&search, groups);
        find_alone(&search);
        find_lines(&search);
        find_pairs(&search);
    }
    for (guint i = 0; i < search.found->len; i++) {
        NetworkShape *shape = search.found->pdata[i];
        if (shape->kind != NETWORK_SHAPE_SPLIT)
            g_array_sort(shape->nodes, compare_numbers);
    }
    g_ptr_array_sort(search.found, compare_kinds);
    return search.found;
}
