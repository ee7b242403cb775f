const { jestConfig } = require('@salesforce/sfdx-lwc-jest/config');

module.exports = {
    ...jestConfig,
    testMatch: ['<rootDir>/src/**/__tests__/*.test.js'],
    testEnvironmentOptions: { url: 'https://acme.lightning.force.test/' } // an address of nobody's
};
