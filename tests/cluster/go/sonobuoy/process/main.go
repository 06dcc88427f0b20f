// Writes PLUGIN/sonobuoy_results.yaml below RUN/plugins as stock Sonobuoy's aggregator does, and prints what stock
// reads from it, as JSON:
//
//	sonobuoy-process RUN PLUGIN FORMAT Job|DaemonSet [RESULT-FILE...]
package main

import (
	"encoding/json"
	"log"
	"os"

	"github.com/vmware-tanzu/sonobuoy/pkg/client/results"
	"github.com/vmware-tanzu/sonobuoy/pkg/plugin"
	"github.com/vmware-tanzu/sonobuoy/pkg/plugin/driver/daemonset"
	"github.com/vmware-tanzu/sonobuoy/pkg/plugin/driver/job"
	"github.com/vmware-tanzu/sonobuoy/pkg/plugin/manifest"
)

func main() {
	if len(os.Args) < 5 {
		log.Fatal("usage: sonobuoy-process RUN PLUGIN FORMAT Job|DaemonSet [RESULT-FILE...]")
	}
	run, name := os.Args[1], os.Args[2]
	definition := manifest.Manifest{SonobuoyConfig: manifest.SonobuoyConfig{
		PluginName:   name,
		ResultFormat: os.Args[3],
		ResultFiles:  os.Args[5:],
	}}
	var p plugin.Interface = job.NewPlugin(definition, "", "", "", "", nil)
	if os.Args[4] == "DaemonSet" {
		p = daemonset.NewPlugin(definition, "", "", "", "", nil)
	}
	item, errs := results.PostProcessPlugin(p, run)
	for _, err := range errs {
		log.Print(err)
	}
	if err := results.SaveProcessedResults(name, run, item); err != nil {
		log.Fatal(err)
	}
	read, err := results.NewReaderFromDir(run).PluginResultsItem(name)
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(read); err != nil {
		log.Fatal(err)
	}
}
