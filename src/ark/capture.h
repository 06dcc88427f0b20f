/* A cluster, or a part of it, as a backup sees it: discover, select, list, act. Pages of objects go to a
 * consumer: an archive, or an index to compare or restore from. */
#pragma once

#include "ark/log.h"
#include "ark/page.h"
#include "ark/policies.h"
#include "ark/results.h"
#include "ark/spec.h"
#include "base/progress.h"
#include "kube/client.h"

typedef struct {
    KubeClient *client;
    const ArkBackupSpec *spec; /* filters, ordered resources; must outlive the capture */
    const char *policies;      /* a resource policies document (YAML), or NULL */
    bool consistent;           /* ask every list for one revision */
    bool strict;               /* kinds that cannot be discovered or listed are errors, not warnings */
    unsigned connections;      /* lists at once; 0: 8 */
    unsigned page_size;        /* 0: 500 */
    ArkLog *log;
    ArkResults *results; /* what could not be read, and what to know */
    Progress *progress;  /* may be NULL */
    Cancel *cancel;      /* may be NULL */
} ArkCaptureRequest;

typedef struct ArkCapture ArkCapture;

/* Asks the server what there is and selects. INVALID for filters that exclude each other, FORBIDDEN where
 * namespaces may not be listed and none is named, else as the server failed. */
ArkCapture *ark_capture_new(const ArkCaptureRequest *request, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void ark_capture_free(ArkCapture *capture);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArkCapture, ark_capture_free)

/* The revision that all lists are asked for; NULL: each at its own. */
const char *ark_capture_revision(const ArkCapture *capture);
/* How many lists there are to read. */
guint ark_capture_lists(const ArkCapture *capture);

/* Takes a page; false ends the capture. Called from one thread. */
typedef bool (*ArkPageFunc)(const ArkPage *page, void *data, GError **error);

/* Reads everything, once. Each object comes once. False where func failed or it was cancelled; kinds that
 * could not be read are errors in the results. */
bool ark_capture_run(ArkCapture *capture, ArkPageFunc func, void *data, GError **error) G_GNUC_WARN_UNUSED_RESULT;
