/** Compiles the component for a browser: prints { address: JavaScript } as JSON. Run it in connectors/salesforce/package. */
const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');

const home = createRequire(path.join(process.cwd(), 'package.json'));
const { transformSync } = createRequire(home.resolve('@salesforce/sfdx-lwc-jest'))('@lwc/compiler');
const folder = path.join(process.cwd(), 'src', 'lwc', 'socialContext');
const modules = {};

for (const file of fs.readdirSync(folder).filter((name) => /\.(js|html|css)$/.test(name))) {
    const options = { name: 'socialContext', namespace: 'c', scopedStyles: false };
    const { code } = transformSync(fs.readFileSync(path.join(folder, file), 'utf8'), file, options);
    modules[`/c/${file}`] = code;
}
modules['/c/socialContext.scoped.css'] = 'export default undefined;';
for (const name of ['engine-dom', 'synthetic-shadow']) {
    const root = path.dirname(createRequire(home.resolve('@salesforce/sfdx-lwc-jest')).resolve(`@lwc/${name}/package.json`));
    modules[`/${name}.js`] = fs.readFileSync(path.join(root, 'dist', 'index.js'), 'utf8');
}
process.stdout.write(JSON.stringify(modules));
