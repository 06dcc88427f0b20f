#include "sonobuoy/cli/common.h"

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

RunLog *cli_log(const Common *common, GError **error) {
    LogLevel level;
    return log_level_parse(common->debug ? "debug" : common->level, &level, error) ? run_log_new(level) : NULL;
}
