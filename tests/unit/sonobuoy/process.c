/* Writes PLUGIN/sonobuoy_results.yaml below RUN/plugins, as the aggregator does, and prints it as JSON; for
 * tests/interop/sonobuoy-results.bats.
 *   sonobuoy-process RUN PLUGIN FORMAT Job|DaemonSet [RESULT-FILE...] */
#include "base/yaml.h"
#include "sonobuoy/results.h"

#include <stdio.h>

int main(int argc, char **argv) {
    if (argc < 5) {
        fputs("usage: sonobuoy-process RUN PLUGIN FORMAT Job|DaemonSet [RESULT-FILE...]\n", stderr);
        return 2;
    }
    g_autofree char *folder = g_build_filename(argv[1], "plugins", argv[2], NULL);
    g_autofree char *path = g_build_filename(folder, "sonobuoy_results.yaml", NULL);
    ResultsPlugin plugin = {argv[2], result_format_parse(argv[3]), (const char *const *)argv + 5,
                            g_str_equal(argv[4], "DaemonSet")};
    g_autoptr(GError) error = NULL;
    g_autoptr(yyjson_mut_doc) doc = results_of_plugin(folder, &plugin, NULL, &error);
    g_autofree char *yaml = doc ? yaml_write(yyjson_mut_doc_get_root(doc)) : NULL;
    if (!yaml || !g_file_set_contents(path, yaml, -1, &error)) {
        fprintf(stderr, "sonobuoy-process: %s\n", error->message);
        return 1;
    }
    g_autofree char *json = json_mut_write(yyjson_mut_doc_get_root(doc), NULL);
    puts(json);
    return 0;
}
