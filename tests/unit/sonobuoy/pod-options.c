/* What may be set of pods: its form, and what wins over what. */
#include "sonobuoy/pod-options.h"

#include <string.h>

static yyjson_mut_doc *parse(const char *text) {
    yyjson_mut_doc *doc = json_parse_mut(text, strlen(text), "a test", NULL);
    g_assert_nonnull(doc);
    return doc;
}

static void check(const char *text, const char *complaint) {
    g_autoptr(yyjson_mut_doc) doc = parse(text);
    g_autoptr(GError) error = NULL;
    bool right = pod_options_check(yyjson_mut_doc_get_root(doc), &error);
    g_assert_cmpint(right, ==, !complaint);
    if (complaint) {
        g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
        g_assert_nonnull(strstr(error->message, complaint));
    }
}

static void test_form(void) {
    g_assert_true(pod_options_check(NULL, NULL));
    check("{}", NULL);
    check("{\"*\": {\"labels\": {\"a\": \"b\"}, \"resources\": {\"limits\": {\"cpu\": 1, \"memory\": \"64Mi\"}}}}",
          NULL);
    check("{\"x\": {\"tolerations\": [{\"operator\": \"Exists\"}]}}", NULL);
    check("{\"x\": []}", "Pods.x must be an object");
    check("{\"x\": {\"label\": {}}}", "Pods.x.label means nothing");
    check("{\"x\": {\"labels\": {\"a\": 1}}}", "Pods.x.labels must be");
    check("{\"x\": {\"tolerations\": [1]}}", "Pods.x.tolerations must be");
    check("{\"x\": {\"tolerations\": {}}}", "Pods.x.tolerations must be");
    check("{\"x\": {\"resources\": {\"wishes\": {}}}}", "Pods.x.resources must be");
    check("{\"x\": {\"resources\": {\"limits\": {\"cpu\": \"1x\"}}}}", "Pods.x.resources must be");
    check("{\"x\": {\"priorityClassName\": null}}", "Pods.x.priorityClassName must be");
}

static const char options[] =
    "{\"*\": {\"labels\": {\"component\": \"other\", \"team\": \"all\"}, \"priorityClassName\": \"all\","
    "         \"tolerations\": [{\"key\": \"a\"}], \"nodeSelector\": {\"a\": \"all\", \"b\": \"all\"},"
    "         \"resources\": {\"limits\": {\"cpu\": \"1\", \"memory\": \"1Gi\"}}},"
    " \"one\": {\"labels\": {\"team\": \"one\"}, \"priorityClassName\": \"one\", \"tolerations\": [{\"key\": \"b\"}],"
    "           \"nodeSelector\": {\"a\": \"one\"}, \"resources\": {\"limits\": {\"cpu\": \"2\"}}}}";

static void expect(yyjson_mut_doc *doc, const char *text) {
    json_mut_sort(yyjson_mut_doc_get_root(doc));
    g_autofree char *written = json_mut_write(yyjson_mut_doc_get_root(doc), NULL);
    g_assert_cmpstr(written, ==, text);
}

static void test_metadata(void) {
    g_autoptr(yyjson_mut_doc) pods = parse(options), doc = parse("{\"labels\": {\"component\": \"sonobuoy\"}}");
    pod_options_set_metadata(yyjson_mut_doc_get_root(pods), "one", doc, yyjson_mut_doc_get_root(doc));
    expect(doc, "{\"labels\":{\"component\":\"sonobuoy\",\"team\":\"one\"}}");
    g_autoptr(yyjson_mut_doc) other = parse("{}");
    pod_options_set_metadata(yyjson_mut_doc_get_root(pods), "two", other, yyjson_mut_doc_get_root(other));
    expect(other, "{\"labels\":{\"component\":\"other\",\"team\":\"all\"}}");
}

static void set_spec(const char *target, const char *before, const char *after) {
    g_autoptr(yyjson_mut_doc) pods = parse(options), doc = parse(before);
    pod_options_set_spec(yyjson_mut_doc_get_root(pods), target, doc, yyjson_mut_doc_get_root(doc));
    expect(doc, after);
}

/* What is set for all gives way to what a definition says; what is set for one does not. */
static void test_spec(void) {
    set_spec("two", "{\"priorityClassName\": \"own\", \"nodeSelector\": {\"a\": \"own\"}}",
             "{\"nodeSelector\":{\"a\":\"own\",\"b\":\"all\"},\"priorityClassName\":\"own\",\"tolerations\":[{\"key\":"
             "\"a\"}]}");
    set_spec(
        "one", "{\"priorityClassName\": \"own\", \"nodeSelector\": {\"a\": \"own\"}, \"tolerations\": [{}]}",
        "{\"nodeSelector\":{\"a\":\"one\",\"b\":\"all\"},\"priorityClassName\":\"one\",\"tolerations\":[{},{\"key\":"
        "\"a\"},{\"key\":\"b\"}]}");
}

static void test_container(void) {
    g_autoptr(yyjson_mut_doc) pods = parse(options),
                              doc = parse("{\"resources\": {\"limits\": {\"cpu\": \"own\", \"memory\": \"own\"}}}");
    pod_options_set_container(yyjson_mut_doc_get_root(pods), "two", doc, yyjson_mut_doc_get_root(doc));
    expect(doc, "{\"resources\":{\"limits\":{\"cpu\":\"own\",\"memory\":\"own\"}}}");
    pod_options_set_container(yyjson_mut_doc_get_root(pods), "one", doc, yyjson_mut_doc_get_root(doc));
    expect(doc, "{\"resources\":{\"limits\":{\"cpu\":\"2\",\"memory\":\"own\"}}}");
    g_autoptr(yyjson_mut_doc) bare = parse("{}");
    pod_options_set_container(NULL, "one", bare, yyjson_mut_doc_get_root(bare));
    expect(bare, "{}");
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sonobuoy/pod-options/form", test_form);
    g_test_add_func("/sonobuoy/pod-options/metadata", test_metadata);
    g_test_add_func("/sonobuoy/pod-options/spec", test_spec);
    g_test_add_func("/sonobuoy/pod-options/container", test_container);
    return g_test_run();
}
