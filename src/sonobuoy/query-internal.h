/* Between query.c, query-objects.c and query-logs.c. */
#pragma once

#include "kube/discovery.h"
#include "sonobuoy/query.h"

typedef struct {
    char *namespace_, *name;
    GStrv containers; /* of all sorts */
} QueryPod;
void query_pod_free(QueryPod *pod);

typedef struct {
    const QueryOptions *options;
    KubeDiscovery *discovery;
    GRegex *namespaces, *log_namespaces;
    GStrv namespace_names;   /* those that are looked at; NULL: not known */
    yyjson_mut_doc *records; /* meta/query-time.json: an array */
    guint failures;
    GPtrArray *nodes; /* names */
    GPtrArray *pods;  /* QueryPod: whose logs are wanted */
} Query;

/* Something that is asked for: run once by some worker. */
typedef struct QueryTask QueryTask;
struct QueryTask {
    bool (*run)(Query *query, const QueryTask *task, GError **error);
    const char *what; /* for the record: "pods", "PodLogs" */
    const KubeResource *resource;
    const char *namespace_, *name, *container; /* of another's */
    gint64 took;                               /* us; with the next, once it ran */
    GError *failure;
};

/* query-objects.c: all objects of a resource, to files. */
bool query_objects(Query *query, const QueryTask *task, GError **error);
/* query-logs.c: finds the pods whose logs are wanted; one container's log. */
bool query_log_pods(Query *query, GError **error);
bool query_log(Query *query, const QueryTask *task, GError **error);

/* Whether the answer's file is written: the folders on its way are made. */
bool query_write(const Query *query, const char *path, const char *text, size_t length, GError **error);
/* Opens it to be appended to, made anew unless `again`; -1 with an error. */
int query_open(const Query *query, const char *path, bool again, GError **error);
