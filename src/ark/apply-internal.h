/* One object on its way into the cluster. */
#pragma once

#include "ark/ownership.h"
#include "ark/restore-internal.h"

/* What is found out about it, for plans. */
typedef struct {
    char *reason;            /* the error, or the first warning */
    bool differs;            /* from the object in the cluster */
    yyjson_mut_doc *wanted;  /* what it shall be, where that is not the object to create; or NULL */
    yyjson_mut_doc *cluster; /* the object in the cluster, in the form in which it is compared; NULL: there is none */
    char *resource_version;  /* of that */
    bool unchecked;          /* the server could not be asked: what it needs comes with the restore */
} ArkItemNotes;

typedef struct {
    ArkRestoreRun *run;
    const char *group_resource; /* in the backup */
    const KubeResource *resource;
    yyjson_mut_doc *doc;                  /* the object as it shall be */
    const char *namespace_, *name, *kind; /* of doc */
    yyjson_val *stored;                   /* the object as it is in the backup */
    bool restore_status;
    const ArkPlanned *planned; /* what a plan said of it, where the restore goes by one */
    ArkItemNotes *notes;
} ArkItem;

/* Tells of it in results and log. */
void ark_item_error(const ArkItem *item, const char *what, const GError *error);
void ark_item_warning(const ArkItem *item, const char *text);

/* What a create leaves to be done: status, owners of fields. */
ArkItemOutcome ark_item_complete(const ArkItem *item, const ArkOwnership *ownership, yyjson_doc *created);

/* The object exists: compares it, and updates it where that is asked for. */
ArkItemOutcome ark_item_settle(const ArkItem *item, const ArkOwnership *ownership);
