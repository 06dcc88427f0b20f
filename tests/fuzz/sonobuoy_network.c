/* What the probes of a node found: what is read is written, and read as the same again; its JUnit form is XML. */
#include "sonobuoy/network/node-report.h"
#include "sonobuoy/results.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_junit(const NetworkNode *node) {
    char *text;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    network_node_write_junit(node, out);
    fclose(out);
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *item = results_item_new(doc, "node", NULL, "node");
    g_assert(results_add_junit(doc, item, text, length, NULL));
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autoptr(GError) error = NULL;
    g_autoptr(NetworkNode) node = network_node_parse((const char *)data, size, "input", &error);
    g_assert(!node == (error != NULL));
    if (!node)
        return 0;
    g_autofree char *text = network_node_write(node);
    g_autoptr(NetworkNode) again = network_node_parse(text, strlen(text), "written", &error);
    g_assert_no_error(error);
    g_autofree char *same = network_node_write(again);
    g_assert_cmpstr(text, ==, same);
    check_junit(node);
    return 0;
}
