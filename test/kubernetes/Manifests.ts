/**
 * Manifests: what `kubectl kustomize` renders, and the pods that a cluster would make of it.
 */
import { execFileSync } from "node:child_process"
import * as Yaml from "effect/encoding/Yaml"
import type { Payload } from "../harness/WireClient.ts"

/** An object of Kubernetes: tests assert what they rely on. */
export type Manifest = Payload

export const parseAll = (text: string): ReadonlyArray<Manifest> =>
  text
    .split(/^---$/m)
    .filter((document) => /^\w/m.test(document))
    .map(Yaml.parse)

export const kustomize = (directory: string): ReadonlyArray<Manifest> =>
  parseAll(
    execFileSync("kubectl", ["kustomize", directory], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"]
    })
  )

export interface Pod {
  readonly name: string
  /** Among its like, from 0. */
  readonly index: number
  readonly role: string
  readonly labels: Readonly<Record<string, string>>
  readonly spec: Payload
  readonly container: Payload
}

export const ofKind = (manifests: ReadonlyArray<Manifest>, kind: string): ReadonlyArray<Manifest> =>
  manifests.filter((it) => it.kind === kind)

export const find = (manifests: ReadonlyArray<Manifest>, kind: string, name: string): Manifest => {
  const found = ofKind(manifests, kind).find(({ metadata }) => metadata.name === name)
  if (found === undefined) throw new Error(`no ${kind} ${name} was rendered`)
  return found
}

/** What runs pods; in it `spec.template` is the pod. */
export const workloads = (manifests: ReadonlyArray<Manifest>): ReadonlyArray<Manifest> =>
  manifests.filter(({ kind }) => kind === "Deployment" || kind === "StatefulSet")

export const podsOf = (manifests: ReadonlyArray<Manifest>): ReadonlyArray<Pod> =>
  workloads(manifests).flatMap(({ kind, metadata, spec }) =>
    Array.from({ length: spec.replicas }, (_, index) => ({
      index,
      // A Deployment's pods have a name that nobody has had before.
      name: `${metadata.name}-${kind === "StatefulSet" ? index : `6d5f8b7c9d-x${index}k2p`}`,
      role: metadata.labels["app.kubernetes.io/component"] ?? metadata.name,
      labels: spec.template.metadata.labels,
      spec: spec.template.spec,
      container: spec.template.spec.containers[0]
    }))
  )

export const matches = (
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>
): boolean => Object.entries(selector).every(([key, value]) => labels[key] === value)

export interface Outside {
  readonly podIp: string
  /** By name and key: no manifest has them. */
  readonly secrets: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** Its environment, with everything looked up that a cluster looks up. */
export const environmentOf = (
  manifests: ReadonlyArray<Manifest>,
  { container, name: podName }: Pod,
  { podIp, secrets }: Outside
): Readonly<Record<string, string>> => {
  const fields: Record<string, string> = { "metadata.name": podName, "status.podIP": podIp }
  const lookUp = ({ name, value, valueFrom }: Payload): string => {
    const { configMapKeyRef, fieldRef, secretKeyRef } = valueFrom ?? {}
    const found =
      value ??
      (fieldRef && fields[fieldRef.fieldPath]) ??
      (secretKeyRef && secrets[secretKeyRef.name]?.[secretKeyRef.key]) ??
      (configMapKeyRef &&
        find(manifests, "ConfigMap", configMapKeyRef.name).data[configMapKeyRef.key])
    if (typeof found !== "string") throw new Error(`${podName}: ${name} has no value`)
    return found
  }
  const shared = (container.envFrom ?? []).map(
    ({ configMapRef }: Payload) => find(manifests, "ConfigMap", configMapRef.name).data
  )
  const own = container.env.map((it: Payload) => [it.name, lookUp(it)])
  return Object.assign({}, ...shared, Object.fromEntries(own))
}

/** The files that ConfigMaps bring, by their paths in the container. */
export const filesOf = (
  manifests: ReadonlyArray<Manifest>,
  { container, spec }: Pod
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    container.volumeMounts.flatMap(({ mountPath, name }: Payload) => {
      const { configMap } = spec.volumes.find((it: Payload) => it.name === name)
      if (configMap === undefined) return []
      const { data } = find(manifests, "ConfigMap", configMap.name)
      return Object.entries(data).map(([file, text]) => [`${mountPath}/${file}`, text])
    })
  )
