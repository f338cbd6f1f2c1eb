// Package kubernetes holds manifests for running several posterns in a cluster,
// and the tests that they, and the Compose file beside them, are what those
// programs and postern itself take.
package kubernetes

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// manifests are documents as their own project's types read them, unknown fields
// and all.
func manifests(t *testing.T, files ...string) []map[string]any {
	t.Helper()
	args := []string{"run", "-C", "../../.ci/manifests", "."}
	for _, file := range files {
		_ = text(t, file) // so that a change of it is a reason to run again
		path, err := filepath.Abs(file)
		if err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	command := exec.Command("go", args...)
	command.Stderr = new(strings.Builder)
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", files, err, command.Stderr)
	}
	var all []map[string]any
	for line := range strings.Lines(string(out)) {
		var one map[string]any
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	return all
}

// at follows keys and indexes into a document.
func at(t *testing.T, document any, path ...any) any {
	t.Helper()
	for _, key := range path {
		var next any
		switch key := key.(type) {
		case string:
			if object, ok := document.(map[string]any); ok {
				next = object[key]
			}
		case int:
			if list, ok := document.([]any); ok && key < len(list) {
				next = list[key]
			}
		}
		if next == nil {
			t.Fatalf("no %v of %v in %v", key, path, document)
		}
		document = next
	}
	return document
}

func text(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(want)
	if string(a) != string(b) {
		t.Errorf("%s: %s, want %s", what, a, b)
	}
}

func TestTheManifestsBelongTogether(t *testing.T) {
	byKind := map[string][]map[string]any{}
	for _, one := range manifests(t, "postern.yaml") {
		kind := one["kind"].(string)
		byKind[kind] = append(byKind[kind], one)
	}
	set := byKind["StatefulSet"][0]
	labels := at(t, set, "spec", "template", "metadata", "labels")
	same(t, "selector of the StatefulSet", at(t, set, "spec", "selector", "matchLabels"), labels)
	same(t, "selector of the budget", at(t, byKind["PodDisruptionBudget"][0], "spec", "selector", "matchLabels"), labels)
	same(t, "selector of the network policy", at(t, byKind["NetworkPolicy"][0], "spec", "podSelector", "matchLabels"), labels)

	pod := at(t, set, "spec", "template", "spec")
	container := at(t, pod, "containers", 0)
	config := text(t, "postern.toml")
	ports := map[any]any{}
	for _, p := range at(t, container, "ports").([]any) {
		ports[at(t, p, "name")] = at(t, p, "containerPort")
	}
	for name, want := range map[string]string{"milter": `(?m)^listen = "inet:\*:8892"$`, "http": `(?m)^listen = "0\.0\.0\.0:9892"$`} {
		if !regexp.MustCompile(want).MatchString(config) || ports[name] != map[string]float64{"milter": 8892, "http": 9892}[name] {
			t.Errorf("port %s is %v, the configuration listens elsewhere", name, ports[name])
		}
	}
	for _, service := range byKind["Service"] {
		same(t, "selector of a service", at(t, service, "spec", "selector"), labels)
		p := at(t, service, "spec", "ports", 0)
		if target := at(t, p, "targetPort"); ports[target] != at(t, p, "port") {
			t.Errorf("a service leads to port %v", target)
		}
	}
	for _, probe := range []string{"readinessProbe", "livenessProbe"} {
		if ports[at(t, container, probe, "httpGet", "port")] == nil {
			t.Errorf("%s asks a port that is not there", probe)
		}
	}
	same(t, "the service of the nodes", at(t, set, "spec", "serviceName"), at(t, byKind["Service"][1], "metadata", "name"))
	same(t, "nobody's user", at(t, pod, "securityContext", "runAsUser"), 65532)
	same(t, "a root that is read-only", at(t, container, "securityContext", "readOnlyRootFilesystem"), true)
	mounts, volumes := []any{}, []any{at(t, set, "spec", "volumeClaimTemplates", 0, "metadata", "name")}
	for _, m := range at(t, container, "volumeMounts").([]any) {
		mounts = append(mounts, at(t, m, "name"))
	}
	for _, v := range at(t, pod, "volumes").([]any) {
		volumes = append(volumes, at(t, v, "name"))
	}
	for _, m := range mounts {
		if !slices.Contains(volumes, m) {
			t.Errorf("volume %v is mounted, and not there", m)
		}
	}
	kustomization := text(t, "kustomization.yaml")
	for _, want := range []string{"- postern.yaml", "name: " + at(t, pod, "volumes", 0, "configMap", "name").(string), "- postern.toml", "- policy.toml"} {
		if !strings.Contains(kustomization, want) {
			t.Errorf("kustomization.yaml does not have %q", want)
		}
	}
}

func TestTheComposeFileIsTheSameShape(t *testing.T) {
	project := manifests(t, "../compose/compose.yaml")[0]
	proxy := text(t, "../compose/haproxy.cfg")
	for _, node := range []string{"one", "two"} {
		if !strings.Contains(proxy, "server "+node+" "+node+":8892\n") {
			t.Errorf("HAProxy does not know the node %s", node)
		}
		service := at(t, project, "services", node)
		same(t, "root of "+node, at(t, service, "read_only"), true)
		same(t, "health of "+node, at(t, service, "healthcheck", "test", 1), "/postern")
	}
	same(t, "who reaches HAProxy", at(t, project, "services", "haproxy", "ports", 0, "host_ip"), "127.0.0.1")
	subnet := at(t, project, "networks", "posterns", "ipam", "config", 0, "subnet").(string)
	if !strings.Contains(text(t, "../compose/postern.toml"), "allow = [\""+subnet+"\"]") {
		t.Errorf("the nodes do not let in the network %s", subnet)
	}
	out, err := exec.Command("haproxy", "-c", "-f", "../compose/haproxy.cfg").CombinedOutput()
	if err != nil {
		t.Errorf("haproxy: %v\n%s", err, out)
	}
}

// TestThePosternsStartAsConfigured runs both configurations, on free ports.
func TestThePosternsStartAsConfigured(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "postern")
	if out, err := exec.Command("go", "build", "-o", binary, "../../cmd/postern").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for _, folder := range []string{".", "../compose"} {
		t.Run(folder, func(t *testing.T) {
			dir := t.TempDir()
			policy, err := filepath.Abs(filepath.Join(folder, "policy.toml"))
			if err != nil {
				t.Fatal(err)
			}
			config := strings.NewReplacer("/etc/postern/policy.toml", policy, "/var/log/postern", dir, "*:8892", "*:0", "0.0.0.0:9892", "127.0.0.1:0").
				Replace(text(t, filepath.Join(folder, "postern.toml")))
			file := filepath.Join(dir, "postern.toml")
			if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
				t.Fatal(err)
			}
			serve := exec.Command(binary, "serve", "--config", file)
			stderr, err := os.Create(filepath.Join(dir, "stderr"))
			if err != nil {
				t.Fatal(err)
			}
			defer stderr.Close()
			serve.Stderr = stderr
			if err := serve.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				_ = serve.Process.Kill()
				_ = serve.Wait()
			}()
			for end := time.Now().Add(time.Minute); !strings.Contains(text(t, stderr.Name()), "msg=listening"); time.Sleep(20 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("it does not listen:\n%s", text(t, stderr.Name()))
				}
			}
			if said := text(t, stderr.Name()); strings.Contains(said, "level=WARN") || strings.Contains(said, "level=ERROR") {
				t.Errorf("it complains:\n%s", said)
			}
		})
	}
}
