/* What the probes of a run found and what it means: for people and for other programs. Names and words are outside
 * data: each form escapes them. */
#pragma once

#include "sonobuoy/network/causes.h"

#include <stdio.h>

typedef struct {
    const NetworkMatrix *matrix;
    const GPtrArray *causes; /* network_causes() */
} NetworkReport;

/* For a terminal: causes, three lines each, then a line for each probe, then those that did not all pass, as grids of
 * nodes where these are few, else as lists of what did not pass. `wide`: all grids, with values. */
void network_report_table(const NetworkReport *report, bool wide, FILE *out);
/* {format, outcome, summary: {pass, warn, fail, unknown}, nodes: [{name, mtu, seconds, pods: {wanted, ready},
 * missing}], causes: [{id, severity, sure, title, seen, fix, nodes, explains}], findings: [{probe, family, from, to,
 * outcome, value, unit, said}]}, with a finding a line. */
void network_report_json(const NetworkReport *report, FILE *out);
/* A page that stands alone. */
void network_report_html(const NetworkReport *report, FILE *out);

/* The worst of the causes; NETWORK_PASS where there are none. */
NetworkOutcome network_report_outcome(const NetworkReport *report);

/* --- for those that write them ------------------------------------------------------------------------------ */

/* Of a probe and family: how its cells came out; whether there are any. */
bool network_report_counts(const NetworkMatrix *matrix, guint probe, NetworkFamily family,
                           guint counts[NETWORK_OUTCOMES]);
/* "0.2 to 14 ms" of the values of a probe and family; "" where there are none. g_free() it. */
char *network_report_range(const NetworkMatrix *matrix, guint probe, NetworkFamily family);
/* "3 nodes, 1 of them without results; 2 of 3 pods were ready". g_free() it. */
char *network_report_nodes(const NetworkMatrix *matrix);
/* The longest time that a node took; how many nodes have no results. */
double network_report_seconds(const NetworkMatrix *matrix);
guint network_report_missing(const NetworkMatrix *matrix);
/* A value as people read it: "0.41", "14", "1450". g_free() it. */
char *network_value_text(double value);

/* Probes of a node itself, each with its targets: columns of a grid of nodes. */
typedef struct {
    guint probe, target;
    NetworkFamily family;
} NetworkColumn;
/* NetworkColumn, in the order of probes; without `all` those where something did not pass. g_array_unref() it. */
GArray *network_report_columns(const NetworkMatrix *matrix, bool all);
/* NULL: the node has no such finding. */
const NetworkCell *network_column_cell(const NetworkMatrix *matrix, const GArray *columns, guint column, guint node);
