/* The shape of what fails between nodes: everything, a node's row, a column, groups that do not reach each other. Each
 * way that fails is in one shape, the largest that fits. Pure functions of ways. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
    guint32 from, to; /* nodes; the same: a node's way to itself, which is of its column or by itself */
    bool bad;
} NetworkWay;

typedef enum {
    NETWORK_SHAPE_ALL,     /* nine of ten ways or more */
    NETWORK_SHAPE_SPLIT,   /* groups of nodes: fine within each, nothing across */
    NETWORK_SHAPE_CUT_OFF, /* nodes that reach none and that none reaches */
    NETWORK_SHAPE_ROW,     /* nodes that reach none, or one of four at most */
    NETWORK_SHAPE_COLUMN,  /* nodes that none reaches, or a quarter at most */
    NETWORK_SHAPE_PAIRS,   /* all else */
    NETWORK_SHAPES
} NetworkShapeKind;

typedef struct {
    NetworkShapeKind kind;
    GArray *nodes;  /* guint32, rising; of a split by group */
    GArray *groups; /* guint: of a split the groups' sizes, the largest first; else empty */
    GArray *ways;   /* NetworkWay: those that fail */
} NetworkShape;

/* Of ways each one once, in any order, between nodes below `nodes`: at most one shape of a kind, in the order of kinds.
 * g_ptr_array_unref() it. */
GPtrArray *network_shapes_of(const GArray *ways, guint nodes);
