#include "sonobuoy/cli/common.h"

#include "base/file.h"
#include "base/text.h"

#include <string.h>

const Option namespace_options[] = {
    {.name = "namespace",
     .letter = 'n',
     .kind = OPTION_STRING,
     .offset = offsetof(Common, namespace_),
     .value = "NS",
     .fallback = "sonobuoy",
     .complete = "namespaces",
     .help = "The namespace of the run."},
    {0},
};

const char *const exit_code_rules[] = {EXIT_CODE_OUTCOME, "never", NULL};

bool exit_code_tells(const char *rule) {
    return g_str_equal(rule, EXIT_CODE_OUTCOME);
}

const char *const fail_on_rules[] = {"fail", "warn", "never", NULL};

bool fail_on_tells(const char *rule, bool failures, bool warnings) {
    return !g_str_equal(rule, "never") && (failures || (warnings && g_str_equal(rule, "warn")));
}

static const char *const levels[] = {"panic", "fatal", "error", "warn", "info", "debug", "trace", NULL};

#define KLOG_TEXT(name_, index)                                                                          \
    {                                                                                                    \
        .name = (name_), .kind = OPTION_STRING, .offset = offsetof(Common, klog[index]), .hidden = true, \
        .help = "Without effect."                                                                        \
    }
#define KLOG_FLAG(name_, index)                                                                              \
    {                                                                                                        \
        .name = (name_), .kind = OPTION_FLAG, .offset = offsetof(Common, klog_flags[index]), .hidden = true, \
        .help = "Without effect."                                                                            \
    }
const Option log_options[] = {
    {.name = "level",
     .kind = OPTION_ENUM,
     .offset = offsetof(Common, level),
     .value = "LEVEL",
     .values = levels,
     .fallback = "info",
     .help = "How much is logged."},
    {.name = "debug",
     .letter = 'd',
     .kind = OPTION_FLAG,
     .offset = offsetof(Common, debug),
     .hidden = true,
     .help = "As --level=debug."},
    {.name = "v",
     .letter = 'v',
     .kind = OPTION_STRING,
     .offset = offsetof(Common, klog[0]),
     .hidden = true,
     .help = "Without effect."},
    KLOG_TEXT("log_dir", 1),
    KLOG_TEXT("log_file", 2),
    KLOG_TEXT("log_file_max_size", 3),
    KLOG_TEXT("stderrthreshold", 4),
    KLOG_TEXT("vmodule", 5),
    KLOG_TEXT("log_backtrace_at", 6),
    KLOG_FLAG("logtostderr", 0),
    KLOG_FLAG("alsologtostderr", 1),
    KLOG_FLAG("add_dir_header", 2),
    KLOG_FLAG("skip_headers", 3),
    KLOG_FLAG("skip_log_headers", 4),
    {0},
};

KubeClient *cli_client(const Common *common, unsigned connections, unsigned timeout_s, GError **error) {
    KubeClientOptions options = {.user_agent = "sonobuoy/" SEAWORTHY_VERSION,
                                 .connections = connections,
                                 .timeout_s = timeout_s,
                                 .cancel = program_cancel()};
    return kube_options_client(&common->kube, &options, error);
}

/* --- what is forbidden -------------------------------------------------------------------------- */

/* How somebody who may gives the right that the API server's message names; NULL where it names none. */
static char *right_hint(const char *message) {
    g_autoptr(GRegex) regex =
        g_regex_new("User \"([^\"]+)\" cannot (\\w+) resource \"([^\"]+)\" in API group \"([^\"]*)\""
                    "(?: in the namespace \"([^\"]+)\")?",
                    G_REGEX_DEFAULT, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    if (!g_regex_match(regex, message, 0, &match))
        return NULL;
    g_autofree char *user = g_match_info_fetch(match, 1), *verb = g_match_info_fetch(match, 2),
                    *resource = g_match_info_fetch(match, 3), *group = g_match_info_fetch(match, 4),
                    *space = g_match_info_fetch(match, 5);
    bool spaced = space && *space;
    const char *account =
        g_str_has_prefix(user, "system:serviceaccount:") ? user + strlen("system:serviceaccount:") : NULL;
    GString *text = g_string_new(NULL);
    g_string_printf(text,
                    "the right to %s %s is missing%s%s; an administrator gives it by\n"
                    "  kubectl create %srole sonobuoy-%s-%s --verb=%s --resource=%s%s%s%s%s\n"
                    "  kubectl create %srolebinding sonobuoy-%s-%s --%srole=sonobuoy-%s-%s --%s=%s%s%s",
                    verb, resource, spaced ? " in namespace " : "", spaced ? space : "", spaced ? "" : "cluster", verb,
                    resource, verb, resource, *group ? "." : "", group, spaced ? " -n " : "", spaced ? space : "",
                    spaced ? "" : "cluster", verb, resource, spaced ? "" : "cluster", verb, resource,
                    account ? "serviceaccount" : "user", account ? account : user, spaced ? " -n " : "",
                    spaced ? space : "");
    return g_string_free(text, false);
}

int cli_end(int code, GError *error) {
    g_autofree char *hint =
        g_error_matches(error, BASE_ERROR, BASE_ERROR_FORBIDDEN) ? right_hint(error->message) : NULL;
    code = program_end(code, error);
    g_auto(GStrv) lines = g_strsplit(hint ? hint : "", "\n", -1);
    for (char **line = lines; *line; line++)
        text_print(stderr, "%s\n", *line);
    return code;
}

bool cli_write(const char *path, CliWriteFunc write, void *data, GError **error) {
    if (!path || g_str_equal(path, "-"))
        return write(stdout, data, error);
    g_autoptr(FileReplace) file = file_replace_new(path, error);
    return file && write(file_replace_out(file), data, error) && file_replace_finish(file, error);
}

RunLog *cli_log(const Common *common, GError **error) {
    LogLevel level;
    return log_level_parse(common->debug ? "debug" : common->level, &level, error) ? run_log_new(level) : NULL;
}
