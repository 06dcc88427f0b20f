/* The folder of a submission. */
#include "sonobuoy/submit.h"

#include "base/file.h"
#include "base/yaml.h"
#include "sonobuoy/submit-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- findings ---------------------------------------------------------------------------------------- */

void submission_init(Submission *submission) {
    *submission = (Submission){.refusals = g_ptr_array_new_with_free_func(g_free),
                               .remarks = g_ptr_array_new_with_free_func(g_free)};
}

void submission_clear(Submission *submission) {
    g_clear_pointer(&submission->refusals, g_ptr_array_unref);
    g_clear_pointer(&submission->remarks, g_ptr_array_unref);
    char **const texts[] = {&submission->release, &submission->cluster_version, &submission->test_version,
                            &submission->sonobuoy_version, &submission->image};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_clear_pointer(texts[i], g_free);
}

void submission_refuse(Submission *submission, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    g_ptr_array_add(submission->refusals, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

void submission_remark(Submission *submission, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    g_ptr_array_add(submission->remarks, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

char *submission_source(const char *name) {
    return g_build_filename("plugins/e2e/results/global", name, NULL);
}

/* --- README.md ------------------------------------------------------------------------------------------ */

char *submission_readme(const Submission *submission, yyjson_mut_val *product) {
    const char *name = json_mut_get_string(product, "name"), *version = json_mut_get_string(product, "version");
    const char *documentation = json_mut_get_string(product, "documentation_url");
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "# %s %s\n\n", name ? name : "", version ? version : "");
    g_string_append_printf(text,
                           "How to have the conformance results of %s on Kubernetes %s again.\n\n## The cluster\n\n",
                           name ? name : "this product", submission->cluster_version);
    g_string_append_printf(text, "Install %s %s with Kubernetes %s%s%s.\n\n", name ? name : "the product",
                           version ? version : "", submission->release,
                           documentation ? ", as its documentation says: " : "", documentation ? documentation : "");
    g_string_append_printf(text,
                           "## The tests\n\nWith `KUBECONFIG` of a cluster administrator and sonobuoy %s:\n\n"
                           "    sonobuoy run --mode certified-conformance --wait\n"
                           "    sonobuoy retrieve -f results.tar.gz\n"
                           "    tar -xzf results.tar.gz plugins/e2e/results/global/e2e.log "
                           "plugins/e2e/results/global/junit_01.xml\n"
                           "    sonobuoy delete --wait\n\n",
                           submission->sonobuoy_version ? submission->sonobuoy_version : "");
    g_string_append_printf(text, "The tests are those of `%s`; %u of `[Conformance]` passed, none failed.\n",
                           submission->image ? submission->image : "registry.k8s.io/conformance", submission->passed);
    return g_string_free(text, false);
}

/* --- files -------------------------------------------------------------------------------------------------- */

static const char *const names[] = {"PRODUCT.yaml", "README.md", SUBMISSION_LOG, SUBMISSION_JUNIT};

static int create(const char *folder, const char *name, GError **error) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        base_error_set_errno(error, errno, "%s cannot be created", path);
    return fd;
}

static bool finish(int fd, bool written, const char *name, GError **error) {
    if (close(fd) == 0 || !written)
        return written;
    base_error_set_errno(error, errno, "%s cannot be written", name);
    return false;
}

static bool write_text(const char *folder, const char *name, const char *text, GError **error) {
    int fd = create(folder, name, error);
    if (fd < 0)
        return false;
    bool written = file_write(fd, text, strlen(text));
    if (!written)
        base_error_set_errno(error, errno, "%s cannot be written", name);
    return finish(fd, written, name, error);
}

static bool copy_file(RunArchive *archive, const char *folder, const char *name, GError **error) {
    int fd = create(folder, name, error);
    if (fd < 0)
        return false;
    g_autofree char *from = submission_source(name);
    g_autoptr(Sink) sink = file_sink_new(fd);
    bool written = run_archive_copy(archive, from, sink, error) && sink_finish(sink, error);
    return finish(fd, written, name, error);
}

static bool write_all(RunArchive *archive, yyjson_mut_val *product, const char *readme, const char *folder,
                      GError **error) {
    g_autofree char *yaml = yaml_write(product);
    return write_text(folder, names[0], yaml, error) && write_text(folder, names[1], readme, error) &&
           copy_file(archive, folder, names[2], error) && copy_file(archive, folder, names[3], error);
}

/* What there is of an unfinished folder. */
static void remove_folder(const char *folder) {
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(folder, names[i], NULL);
        unlink(path);
    }
    rmdir(folder);
}

static bool rename_folder(const char *from, const char *to, GError **error) {
    if (file_rename_new(from, to))
        return true;
    if (errno == EEXIST)
        g_set_error(error, BASE_ERROR, BASE_ERROR_EXISTS, "%s is there already: move it away, or give another --folder",
                    to);
    else
        base_error_set_errno(error, errno, "%s cannot be made", to);
    return false;
}

/* A name that the pull request's folder may have. */
static bool check_place(const Submission *submission, const SubmissionPlace *place, GError **error) {
    if (!submission->release) {
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_INVALID,
                            "the archive does not say of what version the cluster is, which the folder is named by");
        return false;
    }
    if (place->product && g_regex_match_simple("^[A-Za-z0-9][A-Za-z0-9._-]*\\z", place->product, 0, 0))
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                "\"%s\" is no name for the product's folder: --folder NAME, of letters, digits, dots and dashes",
                place->product ? place->product : "");
    return false;
}

char *submission_write(const Submission *submission, RunArchive *archive, yyjson_mut_val *product,
                       const SubmissionPlace *place, GError **error) {
    if (!check_place(submission, place, error))
        return NULL;
    g_autofree char *release = g_build_filename(place->output, submission->release, NULL);
    g_autofree char *path = g_build_filename(release, place->product, NULL);
    g_autofree char *unfinished = g_strdup_printf("%s/.%s.%d", release, place->product, (int)getpid());
    if (g_mkdir_with_parents(release, 0755) != 0 || mkdir(unfinished, 0755) != 0) {
        base_error_set_errno(error, errno, "%s cannot be made", path);
        return NULL;
    }
    if (write_all(archive, product, place->readme, unfinished, error) && rename_folder(unfinished, path, error))
        return g_steal_pointer(&path);
    remove_folder(unfinished);
    return NULL;
}
