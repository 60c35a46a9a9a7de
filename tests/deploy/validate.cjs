// node validate.cjs NODE_MODULES < definitions.json: asks two validators of the Amazon States Language.
//
// Reads {name: text of a definition}, prints {name: {validator: [finding, ...]}}. Their versions: package-lock.json.
"use strict";
const { createRequire } = require("node:module");
const load = createRequire(`${process.argv[2]}/`);

// asl-validator makes an Ajv, and with it compiles its schemas, for each definition: one serves all, in a quarter of the time.
const ajv = createRequire(load.resolve("asl-validator"))("ajv");
const made = [];
ajv.default = class extends ajv.default {
  constructor(options) {
    if (made.length) return made[0];
    super(options);
    made.push(this);
  }
  addKeyword(definition, ...more) {
    const names = [definition.keyword ?? definition].flat();
    return names.every((name) => this.getKeyword(name)) ? this : super.addKeyword(definition, ...more);
  }
};

const validate = load("asl-validator");
const { getLanguageService, TextDocument } = load("amazon-states-language-service");
const service = getLanguageService({});

async function languageService(text) {
  const document = TextDocument.create("file:///machine.asl.json", "asl", 1, text);
  const found = await service.doValidation(document, service.parseJSONDocument(document));
  return found.map(({ message, range }) => `line ${range.start.line + 1}: ${message}`);
}

function aslValidator(text) {
  return validate(JSON.parse(text)).errors.map((error) => `${error["Error code"]}: ${JSON.stringify(error)}`);
}

async function main() {
  let input = "";
  for await (const part of process.stdin) input += part;
  const answers = {};
  for (const [name, text] of Object.entries(JSON.parse(input))) {
    answers[name] = {
      "asl-validator": aslValidator(text),
      "amazon-states-language-service": await languageService(text),
    };
  }
  process.stdout.write(JSON.stringify(answers));
}

main();
