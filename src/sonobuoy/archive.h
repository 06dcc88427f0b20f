/* A run's archive, opened from a file (.tar.gz), standard input or a folder that one was unpacked to.
 *
 *   meta/config.json, meta/info.json {"plugins": [names]}, meta/query-time.json, meta/run.log, meta/clusterhealth.json
 *   plugins/NAME/definition.json, sonobuoy_results.yaml, results/(global|NODE)/..., errors/(global|NODE)/error.json
 *   resources/cluster/GROUP_VERSION_RESOURCE.json, resources/ns/NAMESPACE/..., hosts/NODE/{configz,healthz}.json
 *   podlogs/NAMESPACE/POD/logs/CONTAINER.txt, servergroups.json, serverversion.json
 *
 * Archives of Sonobuoy 0.8 to 0.57 are read: what is asked for by the name it has above is found by its older names too
 * (config.json, serverversion/serverversion.json, defintion.json, resources/non-ns/). Entries that lead out of their
 * place are refused with CORRUPT. A RunArchive is not thread-safe.
 * Source: sonobuoy.io/docs/main/snapshot and archives of stock Sonobuoy. */
#pragma once

#include "base/json.h"
#include "base/stream.h"

typedef struct RunArchive RunArchive;

/* NOT_FOUND, FORBIDDEN, ...; messages name the path, "-" is standard input. Of limits (NULL: the default ones), which
 * are copied, entry_size does not count, as entries are streams; what is read as a whole is bounded by file_size. What
 * is no regular file (standard input, a pipe) is kept in an unnamed temporary file. */
RunArchive *run_archive_open(const char *path, const Limits *limits, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void run_archive_free(RunArchive *archive);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RunArchive, run_archive_free)

/* Called for each regular file, in the archive's order, with its path as it stands (no leading "./" or "/") and a
 * source that is valid during the call; what is not read of it is passed over. Return false with an error to stop with
 * it, or without one to stop. The archive may be walked again and again: a file is unpacked anew each time. In a folder
 * no link is followed. true where all was walked or `func` stopped without an error; CORRUPT, LIMIT, ... */
typedef bool (*RunArchiveFunc)(const char *path, guint64 size, Source *content, void *data, GError **error);
bool run_archive_walk(RunArchive *archive, RunArchiveFunc func, void *data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* One file's content into a sink, which is not finished, or as a whole; NOT_FOUND where it is not there. Files that are
 * read in the archive's order are all found on one way through it. */
bool run_archive_copy(RunArchive *archive, const char *path, Sink *sink, GError **error) G_GNUC_WARN_UNUSED_RESULT;
GBytes *run_archive_read(RunArchive *archive, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Names of the plugins that ran: of meta/info.json, else of the folders in plugins/, sorted. Names that could lead out
 * of plugins/ are CORRUPT. */
GStrv run_archive_plugins(RunArchive *archive, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The path of a file that belongs to a plugin, as meta.file has it: its backslashes, of nodes with Windows, are slashes
 * here. g_free() it. */
char *run_archive_plugin_path(const char *plugin, const char *file);

/* The tree of a plugin's results (results.h), from sonobuoy_results.yaml; NOT_FOUND also in archives from before 0.16.
 */
yyjson_mut_doc *run_archive_results(RunArchive *archive, const char *plugin, GError **error) G_GNUC_WARN_UNUSED_RESULT;
