"""The live path as a sensor."""
