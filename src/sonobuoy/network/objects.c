#include "sonobuoy/network/objects.h"

#include "sonobuoy/manifest-internal.h"
#include "sonobuoy/network/network.h"

#define PODS_YAML LABEL_PLUGIN ": " NETWORK_PLUGIN
static const char service[] = "apiVersion: v1\n"
                              "kind: Service\n"
                              "metadata: {labels: {" COMPONENT_YAML "}, name: " NETWORK_SERVICE ", namespace: x}\n"
                              "spec:\n"
                              "  type: NodePort\n"
                              "  ipFamilyPolicy: PreferDualStack\n"
                              "  selector: {" PODS_YAML "}\n"
                              "  ports: [{name: tcp, protocol: TCP}, {name: udp, protocol: UDP}]\n";
static const char policy[] = "apiVersion: networking.k8s.io/v1\n"
                             "kind: NetworkPolicy\n"
                             "metadata: {labels: {" COMPONENT_YAML "}, name: " NETWORK_POLICY ", namespace: x}\n"
                             "spec:\n"
                             "  podSelector: {matchLabels: {" PODS_YAML "}}\n"
                             "  policyTypes: [Ingress]\n"
                             "  ingress: [{ports: [{protocol: TCP}, {protocol: UDP}]}]\n";

static void set_ports(yyjson_mut_doc *doc, yyjson_mut_val *ports) {
    size_t index, count;
    yyjson_mut_val *port;
    yyjson_mut_arr_foreach(ports, index, count, port) {
        json_mut_set(doc, port, "port", yyjson_mut_int(doc, NETWORK_PORT));
    }
}

void network_add_objects(GPtrArray *objects, const RunConfig *config) {
    yyjson_mut_doc *one = manifest_object(service, config), *other = manifest_object(policy, config);
    set_ports(one, json_mut_get(yyjson_mut_doc_get_root(one), "spec", "ports"));
    yyjson_mut_val *rules = json_mut_get(yyjson_mut_doc_get_root(other), "spec", "ingress");
    set_ports(other, yyjson_mut_obj_get(yyjson_mut_arr_get_first(rules), "ports"));
    g_ptr_array_add(objects, one);
    g_ptr_array_add(objects, other);
}
