/* sonobuoy e2e: the names of Kubernetes' end-to-end tests. */
#include "base/file.h"
#include "base/text.h"
#include "sonobuoy/archive.h"
#include "sonobuoy/builtin.h"
#include "sonobuoy/cli/commands.h"
#include "sonobuoy/cli/common.h"
#include "sonobuoy/cli/e2e-program.h"
#include "sonobuoy/results.h"
#include "sonobuoy/test-list.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LIST_MAX = 64 << 20 };

typedef struct {
    Common common;
    char *input, *program, *focus, *skip, *mode, *version;
} Options;

/* --- where they come from ------------------------------------------------------------------------- */

static GPtrArray *names_of_archive(const char *path, GError **error) {
    g_autoptr(RunArchive) archive = run_archive_open(path, NULL, error);
    g_autoptr(yyjson_mut_doc) doc = archive ? run_archive_results(archive, BUILTIN_E2E, error) : NULL;
    if (doc)
        return test_list_of_results(yyjson_mut_doc_get_root(doc));
    g_prefix_error(error, "the tests of %s, the run of the plugin " BUILTIN_E2E ", are not known: ", path);
    return NULL;
}

static GPtrArray *names_of_junit(const char *path, const char *text, size_t length, GError **error) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *file = results_item_new(doc, "junit", NULL, "file");
    if (results_add_junit(doc, file, text, length, error))
        return test_list_of_results(file);
    g_prefix_error(error, "%s: ", path);
    return NULL;
}

/* Whether there is a byte that stands in no list of names. */
static bool is_binary(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (!text[i] || (g_ascii_iscntrl(text[i]) && !strchr("\t\n\r\x1b", text[i])))
            return true;
    return false;
}

/* A list, JUnit's XML, or an archive: told apart by how they begin. */
static GPtrArray *names_of_file(const char *path, GError **error) {
    bool standard = g_str_equal(path, "-");
    size_t length;
    g_autofree char *text = standard ? file_read_open(STDIN_FILENO, "standard input", LIST_MAX, &length, error)
                                     : file_read(path, LIST_MAX, &length, error);
    if (!text)
        return NULL;
    const char *begin = text + strspn(text, " \t\r\n");
    if (length > 1 && memcmp(text, "\x1f\x8b", 2) == 0 && standard) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                    "standard input is compressed: of an archive the file's name is needed (--input FILE)");
        return NULL;
    }
    if (is_binary(text, length)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                    "%s is no list of tests, as it is no text. Of Kubernetes' e2e.test the tests are asked for by "
                    "--program",
                    standard ? "standard input" : path);
        return NULL;
    }
    return *begin == '<' ? names_of_junit(path, text, length, error) : test_list_parse(text, length);
}

static bool is_archive(const char *path) {
    unsigned char magic[2] = {0};
    FILE *file = g_file_test(path, G_FILE_TEST_IS_REGULAR) ? fopen(path, "re") : NULL;
    bool read = file && fread(magic, 1, sizeof magic, file) == sizeof magic;
    if (file)
        fclose(file);
    return read && magic[0] == 0x1f && magic[1] == 0x8b;
}

static GPtrArray *read_names(const Options *options, GError **error) {
    static const char *const embedded[] = {"online", "offline", NULL};
    bool lists = options->input && g_strv_contains(embedded, options->input);
    if (options->input && options->program) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "give either --input or --program, not both");
        return NULL;
    }
    if (options->program) {
        g_autoptr(GString) text = e2e_program_ask(options->program, "--list-tests", NULL, error);
        return text ? test_list_parse(text->str, text->len) : NULL;
    }
    if (!options->input || lists) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                    "there are no lists of tests in this program. Give --input: a file of names, one a line (\"-\": "
                    "standard input), or the archive, folder or junit_01.xml of a run; or --program: Kubernetes' "
                    "e2e.test, which is in the conformance image and in kubernetes-test-*.tar.gz of a release");
        return NULL;
    }
    bool archive = g_file_test(options->input, G_FILE_TEST_IS_DIR) || is_archive(options->input);
    return archive ? names_of_archive(options->input, error) : names_of_file(options->input, error);
}

/* --- printing ----------------------------------------------------------------------------------------- */

static void print(const GPtrArray *names, const char *mode) {
    g_autoptr(GPtrArray) tags = g_str_equal(mode, "tests") ? NULL : test_list_tags(names);
    for (guint i = 0; !tags && i < names->len; i++)
        text_print(stdout, "%s\n", (const char *)names->pdata[i]);
    for (guint i = 0; tags && i < tags->len; i++) {
        const TestTag *tag = tags->pdata[i];
        if (g_str_equal(mode, "tags"))
            text_print(stdout, "%s\n", tag->tag);
        else
            text_print(stdout, "%s:%u\n", tag->tag, tag->count);
    }
}

static int run_e2e(const CommandCall *call, void *data) {
    const Options *options = data;
    GError *error = NULL;
    g_autoptr(GPtrArray) names = read_names(options, &error);
    if (!names || !test_list_choose(names, options->focus, options->skip, &error))
        return program_end(EXIT_FAILED, error);
    print(names, options->mode);
    return EXIT_DONE;
}

static const char *const modes[] = {"tests", "tags", "tagCounts", NULL};
static const Option own_options[] = {
    {.name = "input",
     .letter = 'i',
     .kind = OPTION_STRING,
     .offset = offsetof(Options, input),
     .value = "FILE",
     .complete = "file",
     .help = "A file of names, one a line (- for standard input), or the archive, folder or junit_01.xml of a run."},
    {.name = "program",
     .kind = OPTION_STRING,
     .offset = offsetof(Options, program),
     .value = "PATH",
     .complete = "file",
     .help = "Kubernetes' e2e.test, which is asked for its tests."},
    {.name = "focus",
     .letter = 'f',
     .kind = OPTION_STRING,
     .offset = offsetof(Options, focus),
     .value = "REGEX",
     .help = "Take tests that this matches."},
    {.name = "skip",
     .letter = 's',
     .kind = OPTION_STRING,
     .offset = offsetof(Options, skip),
     .value = "REGEX",
     .help = "Leave out tests that this matches."},
    {.name = "mode",
     .letter = 'm',
     .kind = OPTION_ENUM,
     .offset = offsetof(Options, mode),
     .value = "MODE",
     .values = modes,
     .fallback = "tests",
     .help = "Print names, the tags in them, or how often each tag is there."},
    {.name = "version",
     .kind = OPTION_STRING,
     .offset = offsetof(Options, version),
     .hidden = true,
     .help = "Without effect: the tests are those that are given."},
    {.name = "kubeconfig",
     .kind = OPTION_STRING,
     .offset = offsetof(Options, common.kube.kubeconfig),
     .hidden = true,
     .help = "Without effect."},
    {.name = "context",
     .kind = OPTION_STRING,
     .offset = offsetof(Options, common.kube.context),
     .hidden = true,
     .help = "Without effect."},
    {0},
};
static const Option *const tables[] = {own_options, log_options, NULL};
const Command e2e_command = {
    .name = "e2e",
    .summary = "List end-to-end tests, or their tags.",
    .description = "Which tests a run would take can be tried out here: --focus and --skip are what --e2e-focus and "
                   "--e2e-skip of 'sonobuoy run' are, regular expressions as Go reads them. The tests are those of a "
                   "list, of an earlier run, or of an e2e.test program.",
    .examples = "sonobuoy e2e --input run.tar.gz --focus '\\[Conformance\\]' --skip 'Serial|Slow'\n"
                "sonobuoy e2e --program ./e2e.test --mode tagCounts\n"
                "sonobuoy e2e --input names.txt --focus sig-network",
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_e2e,
};
