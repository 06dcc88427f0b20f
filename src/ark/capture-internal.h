/* A cluster being read, as the stages share it. */
#pragma once

#include "ark/act.h"
#include "ark/capture.h"
#include "base/workers.h"
#include "kube/list.h"

#include <pthread.h>

typedef struct {
    const KubeResource *resource;
    char *namespace_; /* NULL: all, or cluster-scoped */
} ArkListTask;

/* A kind of which tasks are still to run. */
typedef struct {
    guint tasks;
    guint64 objects;
    gint64 started; /* monotonic, microseconds; 0: not yet */
} ArkOpenKind;

struct ArkCapture {
    ArkCaptureRequest request;
    ArkPolicies policies;
    KubeDiscovery *discovery;
    ArkNamespaceFilter namespaces;
    ArkResourceFilter kinds;
    char *revision; /* NULL: each list at its own */

    GPtrArray *tasks;              /* ArkListTask */
    GPtrArray *namespace_names;    /* all that exist, char * */
    GHashTable *namespace_objects; /* name -> its JSON text, with apiVersion and kind */
    GHashTable *namespace_unread;  /* name -> why it could not be read */
    GHashTable *namespace_chosen;  /* names to store: by filter or label */

    Queue *queued; /* ArkListTask, for the workers */
    Queue *pages;  /* ArkPage, to the consumer */

    pthread_mutex_t lock;   /* all below */
    GHashTable *stored;     /* group resource -> set of "ns/name" */
    GHashTable *tracked;    /* namespaces that hold a stored object */
    GPtrArray *related;     /* ArkRelated still to fetch */
    GHashTable *open_kinds; /* group resource -> ArkOpenKind, while they are listed */
    GHashTable *side_lists; /* what actions looked up, yyjson_doc by path */
};

/* discover and select: fills namespaces, kinds, revision and tasks. */
bool ark_capture_select(ArkCapture *capture, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* list and act: runs all tasks, then fetches what they brought along. Pages go to capture->pages. */
void ark_capture_list(ArkCapture *capture);
