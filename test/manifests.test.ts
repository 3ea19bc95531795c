/**
 * The manifests as they are rendered, and the compose file as it is written: what they say of
 * the image, of each other, and of who may do what.
 */
import { execFileSync } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { defaultDrain, drainLimitMs } from "@weir/core/DrainSettings"
import type { Payload } from "./harness/WireClient.ts"
import { readCompose } from "./kubernetes/Compose.ts"
import { parseDockerfile, settingsOf } from "./kubernetes/Dockerfile.ts"
import {
  environmentOf,
  find,
  kustomize,
  matches,
  ofKind,
  type Pod,
  podsOf,
  workloads
} from "./kubernetes/Manifests.ts"
import { blocksOf } from "./kubernetes/Pages.ts"

const repository = fileURLToPath(new URL("..", import.meta.url))
const at = (path: string): string => join(repository, path)
const text = (path: string): string => readFileSync(at(path), "utf8")
const json = (path: string): Payload => JSON.parse(text(path))

const version = json("package.json").version
const image = settingsOf(parseDockerfile(text("deploy/docker/Dockerfile")).stages)
const base = kustomize(at("deploy/kubernetes/base"))
const pods = podsOf(base)
const compose = readCompose(at("deploy/compose.yaml"))
const roles = ["auth", "connector", "presence", "router"]
const outside = { podIp: "10.1.2.3", secrets: { "weir-redis": { url: "redis://redis:6379" } } }

/** So long a process takes to end that waits for nobody. */
const shutdownLimitMs = Number(
  /shutdownLimitMs = ([\d_]+)/.exec(text("libs/process/src/RunMain.ts"))![1]!.replaceAll("_", "")
)

/** And before it breaks off, by the configuration that it is given. */
const limitMs = (role: string, { drain }: Payload): number =>
  shutdownLimitMs + (role === "connector" ? drainLimitMs({ ...defaultDrain, ...drain }) : 0)

describe("deploy/kubernetes/base", () => {
  const containerPorts = ({ container }: Pod): Readonly<Record<string, number>> =>
    Object.fromEntries(
      container.ports.map(({ containerPort, name }: Payload) => [name, containerPort])
    )

  it("renders the four services, in a namespace of their own, under the common labels", () => {
    assert.sameMembers(
      workloads(base).map(({ metadata }) => metadata.name),
      roles
    )
    for (const { kind, metadata, spec } of base) {
      if (kind !== "Namespace") assert.strictEqual(metadata.namespace, "weir", metadata.name)
      if (kind === "ConfigMap") continue
      assert.strictEqual(metadata.labels["app.kubernetes.io/name"], "weir", metadata.name)
      if (spec?.template === undefined) continue
      assert.deepStrictEqual(spec.template.metadata.labels, metadata.labels)
      assert.deepStrictEqual(spec.selector.matchLabels, metadata.labels)
    }
  })

  it("runs the image as the image means to be run", () => {
    for (const { container, role, spec } of pods) {
      assert.strictEqual(container.image, `weir:${version}`)
      assert.deepStrictEqual(container.command, image.entrypoint)
      assert.deepStrictEqual(container.args, [`services/${role}/src/main.ts`])
      assert.strictEqual(container.workingDir, image.workdir)
      const { runAsGroup, runAsUser } = spec.securityContext
      assert.deepStrictEqual([runAsUser, runAsGroup], [image.uid, image.gid])
    }
  })

  it("gives every pod as little as it can do with", () => {
    for (const { container, spec } of pods) {
      assert.deepInclude(spec.securityContext, {
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" }
      })
      assert.deepStrictEqual(container.securityContext, {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] }
      })
      assert.isFalse(spec.automountServiceAccountToken)
      // A Service's variables would be taken for settings.
      assert.isFalse(spec.enableServiceLinks)
      assert.isString(container.resources.limits.memory)
      assert.notProperty(container.resources.limits, "cpu")
    }
  })

  it("asks the ops port: for life what needs nobody, for work what is ready", () => {
    for (const { container } of pods) {
      const asked = ["startupProbe", "livenessProbe", "readinessProbe"].map(
        (probe) => container[probe].httpGet
      )
      assert.deepStrictEqual(asked, [
        { path: "/livez", port: "ops" },
        { path: "/livez", port: "ops" },
        { path: "/readyz", port: "ops" }
      ])
    }
  })

  it("waits longer for an end than preStop and the process need", () => {
    for (const { container, name, role, spec } of pods) {
      const [, seconds = "0"] = container.lifecycle?.preStop.exec.command ?? []
      const own = limitMs(role, json("deploy/kubernetes/base/weir.json"))
      const neededMs = Number(seconds) * 1_000 + own
      assert.isAbove(spec.terminationGracePeriodSeconds * 1_000, neededMs, name)
    }
  })

  it("has Services and budgets that find their pods, by ports that these have", () => {
    for (const { metadata, spec } of ofKind(base, "Service")) {
      const found = pods.filter(({ labels }) => matches(spec.selector, labels))
      assert.isNotEmpty(found, metadata.name)
      for (const { targetPort } of spec.ports)
        for (const pod of found) assert.property(containerPorts(pod), targetPort, metadata.name)
    }
    for (const { metadata } of workloads(base)) {
      const { spec } = find(base, "PodDisruptionBudget", metadata.name)
      assert.strictEqual(spec.maxUnavailable, 1)
      assert.isTrue(matches(spec.selector.matchLabels, metadata.labels))
    }
  })

  it("keeps names where the ring places by name, and finds a Service for them", () => {
    for (const { kind, metadata, spec } of workloads(base)) {
      const isOnRing = ["router", "presence"].includes(metadata.name)
      assert.strictEqual(kind, isOnRing ? "StatefulSet" : "Deployment", metadata.name)
      if (!isOnRing) continue
      assert.strictEqual(find(base, "Service", spec.serviceName).spec.clusterIP, "None")
    }
  })

  it("lets nobody but Weir's own pods reach the mesh", () => {
    const callers = {
      "a pod of Weir": pods[0]!.labels,
      "another pod of the cluster": { "app.kubernetes.io/name": "shop" },
      "the world": undefined
    }
    const lets = (rule: Payload, labels: Readonly<Record<string, string>> | undefined): boolean =>
      rule.from === undefined ||
      rule.from.some(
        ({ namespaceSelector, podSelector }: Payload) =>
          labels !== undefined &&
          (namespaceSelector !== undefined || matches(podSelector.matchLabels, labels))
      )
    const whoReaches = (pod: Pod, port: number): ReadonlyArray<string> =>
      Object.entries(callers).flatMap(([caller, labels]) =>
        ofKind(base, "NetworkPolicy")
          .filter(({ spec }) => matches(spec.podSelector.matchLabels, pod.labels))
          .flatMap(({ spec }) => spec.ingress)
          .filter((rule: Payload) => rule.ports.some((it: Payload) => it.port === port))
          .some((rule: Payload) => lets(rule, labels))
          ? [caller]
          : []
      )

    const [weir, pod, world] = Object.keys(callers) as [string, string, string]
    const expected = {
      7000: [weir],
      8080: [weir, pod, world],
      9090: [weir, pod],
      9100: [weir, pod]
    }
    for (const pod of pods) {
      assert.deepStrictEqual(whoReaches(pod, 7000), [weir], pod.name)
      for (const port of Object.values(containerPorts(pod)))
        assert.deepStrictEqual(whoReaches(pod, port), expected[port as 7000], pod.name)
    }
  })

  it("allows nobody anything until somebody has said who: no key is shipped", () => {
    const { apiKeys, auth } = json("deploy/kubernetes/base/weir.json")

    assert.deepStrictEqual([auth.keys, apiKeys], [[], []])
  })
})

describe("deploy/compose.yaml", () => {
  it("runs the image as the image means to be run", () => {
    for (const { command, definition, name } of compose.weir) {
      const [, role] = /^([a-z]+)/.exec(name)!
      assert.deepStrictEqual(command, [`services/${role}/src/main.ts`], name)
      for (const own of ["user", "entrypoint", "working_dir"]) assert.notProperty(definition, own)
      assert.deepInclude(definition, {
        image: `weir:${version}`,
        read_only: true,
        cap_drop: ["ALL"],
        build: { context: "..", dockerfile: "deploy/docker/Dockerfile" }
      })
    }
    assert.deepStrictEqual(
      compose.weir.map(({ name }) => name),
      ["auth", "presence", "router-1", "router-2", "connector-1", "connector-2"]
    )
  })

  it("publishes the edge and the publish API, on loopback, and nothing else", () => {
    assert.deepStrictEqual(
      compose.weir.flatMap(({ name, ports }) => ports.map((port) => `${name} ${port}`)),
      [
        "router-1 127.0.0.1:9090:9090",
        "router-2 127.0.0.1:9091:9090",
        "connector-1 127.0.0.1:8080:8080",
        "connector-2 127.0.0.1:8081:8080"
      ]
    )
    assert.notProperty(compose.redis, "ports")
  })

  it("is reached under the name that each says of itself, and gives it time to end", () => {
    const given = json("deploy/kubernetes/overlays/laptop/weir.json")
    for (const { environment, graceSeconds, name } of compose.weir) {
      assert.strictEqual(environment["WEIR_ADVERTISE"], name)
      const [role] = name.split("-") as [string]
      assert.isAbove(graceSeconds * 1_000, limitMs(role, given), name)
    }
  })
})

describe("variables", () => {
  const known = [...text("libs/config/src/LoadSettings.ts").matchAll(/^ {2}(WEIR_\w+):/gm)].map(
    ([, name]) => name!
  )

  it("are known to Weir, wherever they are set", () => {
    const set = [
      ...Object.keys(image.env),
      ...pods.flatMap((pod) => Object.keys(environmentOf(base, pod, outside))),
      ...compose.weir.flatMap(({ environment }) => Object.keys(environment))
    ].filter((name) => name.startsWith("WEIR_"))

    assert.isAbove(known.length, 10)
    assert.isAbove(new Set(set).size, 8)
    assert.includeMembers(known, [...new Set(set)])
  })

  it("are the same in a cluster and on one machine, but for where things are", () => {
    const own = new Set(["WEIR_NODE", "WEIR_ADVERTISE", "WEIR_LOG_FORMAT"])
    const shared = (environment: Readonly<Record<string, string>>) =>
      Object.entries(environment)
        .filter(([name]) => !own.has(name))
        .sort()

    for (const { environment, name } of compose.weir) {
      const pod = environmentOf(base, pods[0]!, outside)
      assert.deepStrictEqual(shared(environment), shared(pod), name)
    }
  })
})

/** What kubectl 1.20, which Debian 12 has, cannot do yet. */
const knowsOverlays = (): boolean => {
  const { kustomizeVersion } = JSON.parse(
    execFileSync("kubectl", ["version", "--client", "-o", "json"], { encoding: "utf8" })
  )
  return kustomizeVersion !== undefined
}

if (knowsOverlays()) {
  describe("overlays", () => {
    it("for laptops have one of each, and a Redis that loses nothing that it can keep", () => {
      const laptop = kustomize(at("deploy/kubernetes/overlays/laptop"))
      const found = podsOf(laptop)

      assert.sameMembers(
        found.map(({ role }) => role),
        [...roles, "redis"]
      )
      const [redis] = found.filter(({ role }) => role === "redis")
      assert.deepStrictEqual(redis!.container.args.slice(0, 6), compose.redis.command.slice(1, 7))
      assert.deepStrictEqual(redis!.container.args.slice(-2), ["--maxmemory-policy", "noeviction"])
      const [url] = ofKind(laptop, "Secret").map(({ data }) => atob(data.url))
      const { metadata, spec } = find(laptop, "Service", "redis")
      assert.strictEqual(url, `redis://${metadata.name}:${spec.ports[0].port}`)
      const [config] = ofKind(laptop, "ConfigMap").filter(({ data }) => data["weir.json"])
      assert.strictEqual(
        config.data["weir.json"],
        text("deploy/kubernetes/overlays/laptop/weir.json")
      )
    })

    it("of your own are made as docs/deploy.md shows", () => {
      const directory = mkdtempSync(join(tmpdir(), "weir-overlay-"))
      try {
        const overlay = join(directory, "overlays/production")
        cpSync(at("deploy/kubernetes"), directory, { recursive: true })
        mkdirSync(overlay)
        const [shown] = blocksOf(text("docs/deploy.md")).filter(
          ({ language }) => language === "yaml"
        )
        writeFileSync(join(overlay, "kustomization.yaml"), shown!.text)
        writeFileSync(join(overlay, "weir.json"), '{"namespaces":{"mine":{}}}')
        const mine = kustomize(overlay)

        const found = podsOf(mine)
        assert.lengthOf(found, 8 + 3 + 2 + 2)
        for (const pod of found) {
          assert.strictEqual(pod.container.image, `registry.example.com/weir:${version}`)
          const { name } = pod.spec.volumes[0].configMap
          assert.include(find(mine, "ConfigMap", name).data["weir.json"], "mine")
        }
      } finally {
        rmSync(directory, { recursive: true })
      }
    })
  })
} else console.info("overlays are not rendered: kubectl is too old for them")
