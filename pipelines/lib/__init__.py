"""The parts the Dagster definitions are made of; usable and testable without Dagster."""
