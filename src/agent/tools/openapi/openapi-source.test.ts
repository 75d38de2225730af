import { readFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { describeWithSharedSpecs, sharedSpecs } from "../../../../test/shared-data.js";
import { type Served, serve } from "../../../../test/tools/serve.js";
import type { ToolBox } from "../../tool-box.js";
import { createArgumentChecker } from "../check-arguments.js";
import { createToolBox } from "../create-tool-box.js";
import { parseData } from "../parse-data.js";
import { createOpenApiSource, type OpenApiSettings } from "./openapi-source.js";
import { readOperations } from "./read-operations.js";
import { type Json, SchemaReader } from "./schema-reader.js";

const { signal } = new AbortController();
const parameter = (name: string, place: string, rest: object = {}) => ({
  name,
  in: place,
  schema: {},
  ...(place === "path" && { required: true }),
  ...rest,
});

/** Every style that the specification knows, one operation each. */
const styles = {
  simple: ["/p/{v}", parameter("v", "path")],
  simpleExplode: ["/p/{v}", parameter("v", "path", { explode: true })],
  label: ["/p/{v}", parameter("v", "path", { style: "label" })],
  labelExplode: ["/p/{v}", parameter("v", "path", { style: "label", explode: true })],
  matrix: ["/p/{v}", parameter("v", "path", { style: "matrix" })],
  matrixExplode: ["/p/{v}", parameter("v", "path", { style: "matrix", explode: true })],
  form: ["/q", parameter("v", "query", { explode: false })],
  formExplode: ["/q", parameter("v", "query")],
  space: ["/q", parameter("v", "query", { style: "spaceDelimited", explode: false })],
  pipe: ["/q", parameter("v", "query", { style: "pipeDelimited", explode: false })],
  deep: ["/q", parameter("v", "query", { style: "deepObject", explode: true })],
  json: ["/q", { name: "v", in: "query", content: { "application/json": { schema: {} } } }],
  header: ["/h", parameter("X-V", "header")],
  cookie: ["/c", parameter("v", "cookie")],
} as const;

const pet = {
  type: "object",
  required: ["name", "id"],
  properties: {
    id: { type: "integer", readOnly: true },
    name: { type: "string", example: "Rex" },
    example: { type: "string", nullable: true },
    parent: { $ref: "#/components/schemas/Pet" },
  },
};
const content = (type: string, schema: object) => ({
  requestBody: { required: true, content: { [type]: { schema } } },
});
const body = { $ref: "#/components/schemas/Pet" };

const document = {
  openapi: "3.0.3",
  servers: [{ url: "/{version}", variables: { version: { default: "v1" } } }],
  paths: {
    ...Object.fromEntries(
      Object.entries(styles).map(([operationId, [path, each]], index) => [
        `/${index}${path}`,
        { get: { operationId, parameters: [each] } },
      ]),
    ),
    "/pets/{name}": {
      parameters: [parameter("name", "path", { description: "Which", schema: { type: "string" } })],
      put: {
        operationId: "replacePet",
        summary: "Replaces a pet",
        description: "All of it.",
        parameters: [{ $ref: "#/components/parameters/Dry" }, parameter("Authorization", "header")],
        ...content("application/json", body),
      },
      delete: { operationId: "deletePet", responses: {} },
      get: {},
    },
    "/urlencoded": {
      post: { operationId: "urlencoded", ...content("application/x-www-form-urlencoded", body) },
    },
    "/multipart": { post: { operationId: "multipart", ...content("multipart/form-data", body) } },
    "/text": { post: { operationId: "text", ...content("text/plain", { type: "string" }) } },
    "/list": {
      post: { operationId: "list", ...content("application/json", { type: "array", items: body }) },
    },
    "/all": {
      post: {
        operationId: "all",
        ...content("application/json", { allOf: [body, { properties: { size: {} } }] }),
      },
    },
    ...Object.fromEntries(
      ["empty", "missing", "image", "away", "home", "huge", "slow", "cut"].map((name) => [
        `/answer/${name}`,
        { get: { operationId: name } },
      ]),
    ),
  },
  components: {
    schemas: { Pet: pet },
    parameters: { Dry: parameter("dry-run", "query", { schema: { type: "boolean" } }) },
  },
};

function answer({ url }: Served, response: ServerResponse): void {
  const name = new URL(url, "http://any").pathname.split("/answer/")[1];
  if (name === "empty") response.writeHead(204).end();
  else if (name === "missing")
    response.writeHead(404, { "content-type": "application/json" }).end('{"detail":"no"}');
  else if (name === "image")
    response.writeHead(200, { "content-type": "image/png" }).end(Buffer.from([0xff, 0xd8, 0]));
  else if (name === "away") response.writeHead(302, { location: "http://127.0.0.2/elsewhere" }).end("moved");
  else if (name === "home") response.writeHead(302, { location: "/v1/text" }).end();
  else if (name === "huge") response.end("ä".repeat(50_000));
  else if (name === "cut") response.writeHead(200, { "content-length": "100" }).end("only this").destroy();
  else if (name !== "slow") response.end('{"fine": true}');
}

let server: Awaited<ReturnType<typeof serve>>;
let box: ToolBox;
const settings = (): OpenApiSettings => ({
  name: "pets.yaml",
  document,
  documentUrl: new URL(`${server.url}/docs/pets.yaml`),
  baseUrl: null,
  credentials: { headers: { authorization: "Bearer key-1" }, query: { "api key": "a&b" } },
  maxBytes: 10_001,
  limits: { timeoutSeconds: null, maxCharacters: null },
});

beforeAll(async () => {
  server = await serve(answer);
  box = createToolBox([createOpenApiSource(settings())], { maxCharacters: 20_000, consent: ["*"] });
});
beforeEach(() => {
  server.requests.length = 0;
});
afterAll(() => server.close());

const ask = (name: string, values: object = {}) =>
  box.call({ name, arguments: JSON.stringify(values) }, { signal });
const sent = () => server.requests.at(-1) as Served;
/** Without what is sent with every request. */
const sentPath = () =>
  sent()
    .url.replace(/^\/v1\/\d+/, "")
    .replace(/[?&]api%20key=a%26b$/, "");

describe("the tools of a document", () => {
  it("have one flat input, without references", () => {
    expect(box.tools.find(({ name }) => name === "replacePet")).toEqual({
      name: "replacePet",
      description: "Replaces a pet\nAll of it.",
      parameters: {
        type: "object",
        properties: {
          name: { type: "string", description: "Which" },
          "dry-run": { type: "boolean" },
          body_name: { type: "string" },
          example: { type: ["string", "null"] },
          parent: {},
        },
        required: ["name", "body_name"],
      },
      source: "openapi:pets.yaml",
      isRepeatable: false,
      isDestructive: false,
    });
  });

  it("are repeatable where they read and destructive where they delete", () => {
    const flags = Object.fromEntries(
      box.tools.map((tool) => [tool.name, [tool.isRepeatable, tool.isDestructive]]),
    );
    expect(flags).toMatchObject({
      simple: [true, false],
      replacePet: [false, false],
      deletePet: [false, true],
      get_pets_name: [true, false],
    });
  });
});

describe("a request", () => {
  const list = ["a b", "c"];
  const object = { x: 1, y: "z&" };

  it.each([
    ["simple", "a/b?", "/p/a%2Fb%3F"],
    ["simple", list, "/p/a%20b,c"],
    ["simple", object, "/p/x,1,y,z%26"],
    ["simpleExplode", object, "/p/x=1,y=z%26"],
    ["label", list, "/p/.a%20b,c"],
    ["labelExplode", list, "/p/.a%20b.c"],
    ["labelExplode", object, "/p/.x=1.y=z%26"],
    ["matrix", "a", "/p/;v=a"],
    ["matrix", list, "/p/;v=a%20b,c"],
    ["matrixExplode", list, "/p/;v=a%20b;v=c"],
    ["matrixExplode", object, "/p/;x=1;y=z%26"],
    ["form", list, "/q?v=a%20b,c"],
    ["form", object, "/q?v=x,1,y,z%26"],
    ["formExplode", true, "/q?v=true"],
    ["formExplode", list, "/q?v=a%20b&v=c"],
    ["formExplode", object, "/q?x=1&y=z%26"],
    ["space", list, "/q?v=a%20b%20c"],
    ["pipe", list, "/q?v=a%20b%7Cc"],
    ["deep", object, "/q?v%5Bx%5D=1&v%5By%5D=z%26"],
    ["json", object, "/q?v=%7B%22x%22%3A1%2C%22y%22%3A%22z%26%22%7D"],
  ])("writes %s %j as %s", async (name, v, expected) => {
    expect(await ask(name, { v })).toEqual({ text: '{"fine": true}', isError: false });
    expect(sentPath()).toBe(expected);
  });

  it("writes headers and cookies", async () => {
    await ask("header", { "X-V": [1, 2] });
    expect(sent().headers["x-v"]).toBe("1,2");
    await ask("cookie", { v: "a;b" });
    expect(sent().headers.cookie).toBe("v=a%3Bb");
    expect(await ask("header", { "X-V": "a\r\nx: y" })).toMatchObject({ isError: true });
  });

  it("carries the credentials and no argument of that name", async () => {
    await ask("replacePet", { name: "a", body_name: "b", Authorization: "forged" });
    expect(sent().headers.authorization).toBe("Bearer key-1");
    expect(sent().url).toBe("/v1/pets/a?api%20key=a%26b");
  });

  it.each([
    ["replacePet", { name: "a", body_name: "b", parent: {} }, "application/json", '{"name":"b","parent":{}}'],
    [
      "urlencoded",
      { name: "a b", example: "ü" },
      "application/x-www-form-urlencoded",
      "name=a+b&example=%C3%BC",
    ],
    ["text", { body: "plain" }, "text/plain", "plain"],
    ["list", { body: [{ name: "a" }] }, "application/json", '[{"name":"a"}]'],
    ["all", { name: "a", size: 3 }, "application/json", '{"name":"a","size":3}'],
  ])("writes the body of %s", async (name, values, type, expected) => {
    expect(await ask(name, values)).toMatchObject({ isError: false });
    expect(sent().headers["content-type"]).toBe(type);
    expect(sent().body).toBe(expected);
  });

  it("writes forms of parts", async () => {
    await ask("multipart", { name: "a" });
    expect(sent().headers["content-type"]).toMatch(/^multipart\/form-data; boundary=/);
    expect(sent().body).toContain('form-data; name="name"\r\n\r\na\r\n');
  });

  it.each(["", ".", ".."])("is not sent where %j would leave the path", async (v) => {
    expect(await ask("simple", { v })).toEqual({ text: `error: v cannot be "${v}"`, isError: true });
    expect(await ask("simple", {})).toEqual({ text: expect.stringContaining("v is missing"), isError: true });
    expect(server.requests).toEqual([]);
  });
});

describe("an answer", () => {
  it.each([
    ["empty", "(204 No Content)", false],
    ["missing", 'error: 404 Not Found\n{"detail":"no"}', true],
    ["image", "(image/png, 3 bytes)", false],
    ["away", "error: 302 Found\nmoved", true],
    ["home", '{"fine": true}', false],
    ["huge", `${"ä".repeat(5000)}\ufffd\n(only the first 10001 bytes were read)`, false],
    ["cut", "error: ", true],
  ])("%s", async (name, text, isError) => {
    expect(await ask(name)).toEqual({ text: expect.stringContaining(text), isError });
  });

  it("is no longer waited for when the caller interrupts", async () => {
    const controller = new AbortController();
    const running = box.call({ name: "slow", arguments: "" }, { signal: controller.signal });
    while (server.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    await expect(running).rejects.toMatchObject({ code: "interrupted" });
  });
});

describe("createOpenApiSource", () => {
  it.each([
    [{ swagger: "2.0", paths: {} }, "is no OpenAPI 3 document"],
    ["text", "is no OpenAPI 3 document"],
    [{ openapi: "3.1.0", paths: {} }, "has no operation"],
    [
      { openapi: "3.1.0", paths: { "/a": { get: { parameters: [{ $ref: "other.yaml#/A" }] } } } },
      "outside the document",
    ],
    [{ openapi: "3.1.0", paths: { "/a": { get: { parameters: [{ $ref: "#/A" }] } } } }, "#/A is not there"],
    [{ openapi: "3.1.0", servers: [{ url: "ftp://x" }], paths: {} }, "ftp: is not HTTP"],
  ])("refuses %j", (other, message) => {
    expect(() => createOpenApiSource({ ...settings(), document: other })).toThrow(message);
  });

  it("asks for an address where there is none", () => {
    expect(() => createOpenApiSource({ ...settings(), documentUrl: null })).toThrow(
      "does not say where its server is",
    );
  });
});

describeWithSharedSpecs("vendors' documents", () => {
  it.each([
    "openai.openapi.json",
    "runpod-v2.openapi.json",
    "together.openapi.yaml",
    "fireworks-gateway.openapi.yaml",
    "slurm-v0.0.44.openapi.json",
  ])(
    "%s becomes tools whose schemas can be checked",
    async (file) => {
      const root = parseData(await readFile(sharedSpecs(file), "utf8")) as Json;
      const operations = readOperations(root, new SchemaReader(root, file));
      expect(operations.length).toBeGreaterThan(10);
      for (const { parameters } of operations) {
        expect(JSON.stringify(parameters)).not.toContain('"$ref"');
        expect(JSON.stringify(parameters).length).toBeLessThan(200_000);
        createArgumentChecker(parameters)({});
      }
    },
    60_000,
  );
});
