/**
 * Every rule can fail: each is held against houses with a fault built in.
 */
import { assert, describe, it } from "@effect/vitest"
import { nearlyTooLong } from "./FileRules.ts"
import { type Files, makeHouse } from "./House.ts"
import { type RuleName, rules } from "./Rules.ts"

const manifest = (directory: string, dependencies: ReadonlyArray<string> = []) => ({
  [`${directory}/package.json`]: JSON.stringify(
    {
      name: `@weir/${directory.split("/").at(-1)}`,
      dependencies: Object.fromEntries(dependencies.map((name) => [name, "1.0.0"]))
    },
    null,
    2
  )
})

const directories = [
  "proto",
  ...["core", "config", "flow", "wire", "grpc", "client", "mesh"].map((lib) => `libs/${lib}`),
  ...["auth", "router", "console"].map((service) => `services/${service}`),
  "deploy/standalone",
  "test"
]

const house = (files: Files) =>
  makeHouse({
    "package.json": JSON.stringify({ name: "weir", devDependencies: { vitest: "1.0.0" } }),
    ...Object.assign({}, ...directories.map((directory) => manifest(directory))),
    ...files
  })

const find = (rule: RuleName, files: Files) =>
  rules[rule](house(files)).map(({ line, path }) => `${path}:${line}`)

type Trial = readonly [
  title: string,
  files: Files,
  /** Where the rule finds a fault; nowhere, if the house is sound. */
  found: ReadonlyArray<string>
]

const header = "/** Prose. */\n"
const lines = (count: number) => header + "export const a = 1\n".repeat(count - 1)
const service = (name: string): Files => ({
  [`services/${name}/README.md`]: "",
  [`services/${name}/src/layer.ts`]: "",
  [`services/${name}/src/main.ts`]: `import { layer } from "./layer.ts"`
})
const page: Files = { "services/console/README.md": "", "services/console/src/main.tsx": "" }
const commandLine: Files = { ...manifest("services/cli"), "services/cli/README.md": "" }

const trials: Record<RuleName, ReadonlyArray<Trial>> = {
  "packages import only from floors below": [
    [
      "down is the way",
      { "libs/mesh/src/A.ts": `import "@weir/grpc/B"\nimport "@weir/proto/c"` },
      []
    ],
    ["up", { "libs/flow/src/A.ts": `\nimport "@weir/mesh/B"` }, ["libs/flow/src/A.ts:2"]],
    ["sideways", { "libs/flow/src/A.ts": `import "@weir/wire/B"` }, ["libs/flow/src/A.ts:1"]],
    [
      "a service from a service",
      { "services/auth/src/A.ts": `import type { B } from "@weir/router/B"` },
      ["services/auth/src/A.ts:1"]
    ],
    [
      "itself by name",
      { "libs/flow/src/A.ts": `export * from "@weir/flow/B"` },
      ["libs/flow/src/A.ts:1"]
    ],
    [
      "in a test, too, and at run time",
      { "libs/core/src/A.test.ts": `await import("@weir/flow/B")` },
      ["libs/core/src/A.test.ts:1"]
    ],
    ["the page knows the client", { "services/console/src/A.tsx": `import "@weir/client/B"` }, []],
    [
      "the page knows no other",
      { "services/console/src/A.tsx": `import "@weir/core/B"` },
      ["services/console/src/A.tsx:1"]
    ],
    [
      "the command line knows what users know",
      {
        ...commandLine,
        "services/cli/src/A.ts": `import "@weir/client/B"\nimport "@weir/core/C"\nimport "@weir/grpc/D"
          import "@weir/proto/api/v1/publish"`
      },
      []
    ],
    [
      "the command line knows no other",
      {
        ...commandLine,
        "services/cli/src/A.ts": `import "@weir/mesh/B"\nimport "@weir/flow/C"\nimport "@weir/proto/mesh/v1/router"`
      },
      [1, 2, 3].map((line) => `services/cli/src/A.ts:${line}`)
    ]
  ],
  "every package stands on a floor": [
    ["a service has one by its place", { ...manifest("services/new") }, []],
    ["a new library", { ...manifest("libs/new") }, ["libs/new/package.json:1"]]
  ],
  "every file belongs to a package": [
    ["configuration at the root", { "vitest.config.ts": "" }, []],
    ["a stray", { "scripts/A.ts": "" }, ["scripts/A.ts:1"]]
  ],
  "the client stands alone": [
    ["its own files", { "libs/client/src/A.ts": `import "./B.ts"` }, []],
    ["its tests may run a server", { "libs/client/test/A.ts": `import "node:http"` }, []],
    ["ours", { "libs/client/src/A.ts": `import "@weir/core/B"` }, ["libs/client/src/A.ts:1"]],
    [
      "ours in a test",
      { "libs/client/src/A.test.ts": `import "@weir/core/B"` },
      ["libs/client/src/A.test.ts:1"]
    ],
    ["Node", { "libs/client/src/A.ts": `import "node:crypto"` }, ["libs/client/src/A.ts:1"]],
    ["a library", { "libs/client/src/A.ts": `import "ws"` }, ["libs/client/src/A.ts:1"]],
    [
      "a library in its entry, and what makes the package",
      {
        "libs/client/src/react/A.ts": `import "react"\nimport "../B.ts"\nimport "./C.ts"`,
        "libs/client/src/effect/A.ts": `import "effect"`,
        "libs/client/src/ProtobufCodec.ts": `import "@bufbuild/protobuf/wire"\nimport "@weir/proto/a"`,
        "libs/client/pack/A.ts": `import "rolldown"\nimport "node:fs"`
      },
      []
    ],
    [
      "a library in another entry, and an entry from outside",
      {
        "libs/client/src/react/A.ts": `import "effect"\nimport "../effect/B.ts"`,
        "libs/client/src/A.ts": `import "./react/B.ts"\nimport "./ProtobufCodec.ts"`
      },
      [
        ...[1, 2].map((line) => `libs/client/src/react/A.ts:${line}`),
        ...[1, 2].map((line) => `libs/client/src/A.ts:${line}`)
      ]
    ]
  ],
  "foreign libraries stay in their homes": [
    ["at home", { "libs/grpc/src/A.ts": `import "@grpc/grpc-js"` }, []],
    ["hooks for React", { "libs/client/src/react/A.ts": `import "react"` }, []],
    ["on the roof", { "test/A.ts": `import "@grpc/grpc-js"\nimport "ws"\nimport "jose"` }, []],
    [
      "away",
      {
        "libs/mesh/src/A.ts": `import "@grpc/grpc-js"\nimport "@grpc/reflection"\nimport "grpc-health-check"`,
        "services/router/src/A.ts": `import "ioredis"\nimport "ws"\nimport "jose"\nimport "playwright-core"`,
        "services/auth/src/A.test.ts": `import "react-dom/client"\nimport "react"`
      },
      [
        ...[1, 2, 3].map((line) => `libs/mesh/src/A.ts:${line}`),
        ...[1, 2, 3, 4].map((line) => `services/router/src/A.ts:${line}`),
        ...[1, 2].map((line) => `services/auth/src/A.test.ts:${line}`)
      ]
    ]
  ],
  "only libs/config reads the environment": [
    ["at home", { "libs/config/src/A.ts": "process.env" }, []],
    ["in tests and tools", { "test/A.ts": "process.env", "vite.config.ts": "process.env" }, []],
    ["in words", { "libs/flow/src/A.ts": "// process.env\nconst a = 'process.env'" }, []],
    ["other things of the process", { "libs/flow/src/A.ts": `process["argv"]` }, []],
    [
      "elsewhere",
      {
        "libs/flow/src/A.ts": `a(process.env)\n\`\${process.env["B"]}\`\nprocess["env"]\nconst { env } = process`,
        "libs/flow/src/B.ts": `import { env } from "node:process"`
      },
      [...[1, 2, 3, 4].map((line) => `libs/flow/src/A.ts:${line}`), "libs/flow/src/B.ts:1"]
    ]
  ],
  "what is imported is declared": [
    [
      "declared",
      { ...manifest("libs/flow", ["effect"]), "libs/flow/src/A.ts": `import "effect/Data"` },
      []
    ],
    ["of Node", { "libs/flow/src/A.ts": `import "node:fs"` }, []],
    ["a tool in a test", { "libs/flow/src/A.test.ts": `import "vitest"` }, []],
    ["a tool in source", { "libs/flow/src/A.ts": `import "vitest"` }, ["libs/flow/src/A.ts:1"]],
    ["a scoped name", { "libs/mesh/src/A.ts": `import "@weir/core/A"` }, ["libs/mesh/src/A.ts:1"]]
  ],
  "what is declared is imported": [
    [
      "imported, by a test or as types",
      {
        ...manifest("libs/flow", ["effect", "@types/ws", "ws", "@weir/core"]),
        "libs/flow/src/A.ts": `import "effect"\nexport * from "@weir/core/A"`,
        "libs/flow/src/A.test.ts": `import "ws"`
      },
      []
    ],
    ["not imported", { ...manifest("libs/flow", ["effect"]) }, ["libs/flow/package.json:4"]]
  ],
  "relative imports stay in their package": [
    ["inside", { "libs/flow/src/deep/A.ts": `import "../../test/B.ts"` }, []],
    ["outside", { "test/A.ts": `import "../libs/client/test/B.ts"` }, ["test/A.ts:1"]]
  ],
  "packages make no circle": [
    ["a line", { "libs/flow/src/A.ts": `import "@weir/core/A"` }, []],
    [
      "through a third, by manifest and imports",
      {
        ...manifest("libs/core", ["@weir/mesh"]),
        "libs/mesh/src/A.ts": `import "@weir/flow/A"`,
        "libs/flow/src/A.ts": `import "@weir/core/A"`
      },
      ["libs/core/package.json:1"]
    ]
  ],
  "files make no circle": [
    ["a line", { "libs/flow/src/A.ts": `import "./B.ts"`, "libs/flow/src/B.ts": "" }, []],
    [
      "through a third, by types",
      {
        "libs/flow/src/A.ts": `import type { B } from "./deep/B.ts"`,
        "libs/flow/src/deep/B.ts": `import "../C.ts"`,
        "libs/flow/src/C.ts": `export { A } from "./A.ts"`
      },
      ["libs/flow/src/A.ts:1"]
    ]
  ],
  "relative imports have their full ending": [
    ["full", { "libs/flow/src/A.ts": `import "./B.ts"\nimport "./C.tsx"\nimport "./d.css"` }, []],
    [
      "short",
      { "libs/flow/src/A.ts": `import "./B"\nimport "./C.js"\nimport ".."` },
      [1, 2, 3].map((line) => `libs/flow/src/A.ts:${line}`)
    ]
  ],
  "no file only re-exports": [
    [
      "something of its own",
      { "libs/flow/src/A.ts": `export * from "./B.ts"\nexport const c = 1` },
      []
    ],
    ["imports alone", { "libs/flow/src/A.ts": `import "./B.ts"` }, []],
    [
      "an entry of the published package",
      { "libs/client/pack/entries/a.ts": `export { b } from "../../src/B.ts"` },
      []
    ],
    [
      "nothing of its own",
      {
        "libs/flow/src/A.ts": `${header}export * from "./B.ts"\nexport { type C } from "./C.ts";\n`,
        "libs/flow/src/D.ts": `import { e } from "./E.ts"\nexport { e }`
      },
      ["libs/flow/src/A.ts:1", "libs/flow/src/D.ts:1"]
    ]
  ],
  "files are named after a concept": [
    ["a concept", { "libs/flow/src/HelperBot.ts": "" }, []],
    [
      "none",
      Object.fromEntries(
        ["utils.ts", "Helpers.test.ts", "common/A.ts", "misc.tsx", "index.ts"].map((name) => [
          `libs/flow/src/${name}`,
          ""
        ])
      ),
      ["utils.ts", "Helpers.test.ts", "common/A.ts", "misc.tsx", "index.ts"].map(
        (name) => `libs/flow/src/${name}:1`
      )
    ]
  ],
  "files begin with a header that names them": [
    [
      "prose, its name, or no need",
      {
        "libs/flow/src/A.ts": header,
        "libs/flow/src/B.ts": "/**\n * Before, B: two things.\n */\n",
        "libs/flow/src/B.test.ts": "",
        "services/auth/src/main.ts": ""
      },
      []
    ],
    [
      "none, late, empty, or of another",
      {
        "libs/flow/src/A.ts": "",
        "libs/flow/src/B.ts": `import "./A.ts"\n/** Late. */`,
        "libs/flow/src/C.ts": "/** */",
        "libs/flow/src/D.ts": "/**\n * E: what this file was called before.\n */\n"
      },
      ["A.ts:1", "B.ts:1", "C.ts:1", "D.ts:2"].map((place) => `libs/flow/src/${place}`)
    ]
  ],
  "no file is longer than 400 lines": [
    ["at the limit", { "libs/flow/src/A.ts": lines(400) }, []],
    ["a long test", { "libs/flow/src/A.test.ts": lines(401), "proto/gen/a.ts": lines(900) }, []],
    ["over it", { "libs/flow/src/A.ts": lines(401) }, ["libs/flow/src/A.ts:401"]]
  ],
  "domain imports values and rules only": [
    [
      "values and rules",
      {
        "services/auth/src/domain/A.ts": `import { Data, type Option } from "effect"\nimport "effect/Schema"
          import "node:crypto"\nimport "node:net"\nimport "@weir/core/A"\nimport "@weir/flow/A"
          import "@weir/wire/A"\nimport "./B.ts"`,
        "services/auth/src/domain/A.test.ts": `import { Effect } from "effect"`
      },
      []
    ],
    [
      "more",
      {
        "services/auth/src/domain/A.ts": `import { Data, Effect } from "effect"\nimport "effect/Clock"
          import * as E from "effect"\nimport "node:fs"\nimport "@weir/grpc/A"\nimport "jose"\nimport "../A.ts"
          import "../ports/A.ts"`
      },
      [1, 2, 3, 4, 5, 6, 7, 8].map((line) => `services/auth/src/domain/A.ts:${line}`)
    ]
  ],
  "domain has no clock and no randomness": [
    [
      "steady",
      {
        "services/auth/src/domain/A.ts": `import { createHash } from "node:crypto"\n// Date.now
          new Date(0)\nconst a = (now: number) => "Math.random"`,
        "services/auth/src/domain/A.test.ts": "Date.now()",
        "services/auth/src/A.ts": "Date.now()"
      },
      []
    ],
    [
      "unsteady",
      {
        "services/auth/src/domain/A.ts": `import { randomBytes } from "node:crypto"\nDate.now()\nnew Date()
          performance.now()\nMath.random()\nsetTimeout(a)\nEffect.runFork(a)\ncrypto.randomUUID()\nf(Date.now)`
      },
      [2, 3, 4, 5, 6, 7, 8, 9, 1].map((line) => `services/auth/src/domain/A.ts:${line}`)
    ]
  ],
  "ports import domain and below": [
    [
      "domain",
      {
        "services/auth/src/ports/A.ts": `import "../domain/A.ts"\nimport "./B.ts"\nimport "@weir/core/A"`
      },
      []
    ],
    [
      "above",
      {
        "services/auth/src/ports/A.ts": `import "../adapters/A.ts"\nimport "../Auth.ts"\nimport "../loops/A.ts"`
      },
      [1, 2, 3].map((line) => `services/auth/src/ports/A.ts:${line}`)
    ]
  ],
  "only layer.ts imports adapters": [
    [
      "layer, test, and another adapter",
      {
        "services/auth/src/layer.ts": `import "./adapters/A.ts"`,
        "services/auth/src/Auth.test.ts": `import "./adapters/A.ts"`,
        "services/auth/src/adapters/A.ts": `import "./B.ts"`,
        "deploy/standalone/src/layer.ts": `import "@weir/auth/adapters/A"`
      },
      []
    ],
    [
      "anybody else",
      {
        "services/auth/src/Auth.ts": `import "./adapters/A.ts"`,
        "services/auth/src/loops/layer.ts": `import "../adapters/A.ts"`,
        "deploy/standalone/src/A.ts": `import "@weir/auth/adapters/A"`
      },
      [
        "services/auth/src/Auth.ts:1",
        "services/auth/src/loops/layer.ts:1",
        "deploy/standalone/src/A.ts:1"
      ]
    ]
  ],
  "main.ts knows its layer and no other file": [
    ["its layer", service("auth"), []],
    [
      "the command line has none",
      { ...commandLine, "services/cli/src/main.ts": `import "./Weir.ts"` },
      []
    ],
    [
      "others, or none",
      {
        "services/auth/src/main.ts": `import "./layer.ts"\nimport "./Auth.ts"`,
        "deploy/standalone/src/main.ts": `import "effect"`
      },
      ["services/auth/src/main.ts:2", "deploy/standalone/src/main.ts:1"]
    ]
  ],
  "services have their README, layer and main": [
    ["complete", { ...service("auth"), ...service("router"), ...page }, []],
    [
      "the command line",
      {
        ...service("auth"),
        ...service("router"),
        ...page,
        ...commandLine,
        "services/cli/src/main.ts": ""
      },
      []
    ],
    [
      "the command line, incomplete",
      { ...service("auth"), ...service("router"), ...page, ...commandLine },
      ["services/cli/src/main.ts:1"]
    ],
    [
      "incomplete",
      { ...service("auth"), "services/router/src/layer.ts": "", "services/console/README.md": "" },
      [
        "services/router/README.md:1",
        "services/router/src/main.ts:1",
        "services/console/src/main.tsx:1"
      ]
    ]
  ]
}

describe.each(Object.entries(trials))("%s", (rule, cases) => {
  it.each(cases)("%s", (_title, files, found) => {
    assert.sameMembers(find(rule as RuleName, files), [...found])
  })

  it("is tried on a sound house and on a faulty one", () => {
    assert.isTrue(cases.some(([, , found]) => found.length === 0))
    assert.isTrue(cases.some(([, , found]) => found.length > 0))
  })
})

describe("a file over 300 lines", () => {
  it("is reported before it is refused", () => {
    const files = { "libs/flow/src/A.ts": lines(301), "libs/flow/src/B.ts": lines(300) }

    assert.deepStrictEqual(
      nearlyTooLong(house(files)).map(({ path }) => path),
      ["libs/flow/src/A.ts"]
    )
  })
})
