#include "ark/clone.h"

#include "ark/live.h"

void ark_clone_outcome_clear(ArkCloneOutcome *outcome) {
    ark_restore_outcome_clear(&outcome->restore);
    g_clear_pointer(&outcome->read_results, g_free);
}

static guint64 count_objects(const ArkIndex *index) {
    const GPtrArray *kinds = ark_index_kinds(index);
    guint64 count = 0;
    for (guint i = 0; i < kinds->len; i++)
        count += ((const ArkIndexKind *)g_ptr_array_index(kinds, i))->entries->len;
    return count;
}

static ArkIndex *read_source(const ArkCloneRequest *request, ArkCloneOutcome *out, GError **error) {
    g_autoptr(yyjson_doc) backup = yyjson_mut_doc_imut_copy(request->backup, NULL);
    ArkBackupSpec spec = {0};
    if (!ark_backup_spec_read(yyjson_doc_get_root(backup), &spec, error)) {
        ark_backup_spec_clear(&spec);
        return NULL;
    }
    g_autoptr(ArkResults) results = ark_results_new();
    g_autoptr(ArkLog) log = ark_log_new("clone=source", request->target.echo);
    ArkCaptureRequest source = request->source;
    source.spec = &spec;
    source.results = results;
    source.log = log;
    source.progress = request->target.progress;
    ArkIndex *index = ark_live_index(&source, error);
    ark_backup_spec_clear(&spec);
    out->read_errors = ark_results_errors(results);
    out->read_warnings = ark_results_warnings(results);
    out->read_results = ark_results_json(results, NULL);
    if (index)
        out->read = count_objects(index);
    return index;
}

bool ark_clone_run(const ArkCloneRequest *request, ArkCloneOutcome *out, GError **error) {
    *out = (ArkCloneOutcome){0};
    g_autoptr(ArkIndex) index = read_source(request, out, error);
    if (!index)
        return false;
    progress_restart(request->target.progress, "Bringing in");
    ArkRestoreRequest target = request->target;
    target.store = NULL;
    target.index = index;
    return ark_restore_run(&target, &out->restore, error);
}
