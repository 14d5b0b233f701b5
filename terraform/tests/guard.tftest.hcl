mock_provider "aws" {
  source = "./tests/mocks"
}

mock_provider "aws" {
  alias  = "us_east_1"
  source = "./tests/mocks"
}

variables {
  environment = "test"
  package_dir = "tests/fixtures/lambdas"
}

run "the_first_apply_says_what_the_state_holds" {
  command = apply

  assert {
    condition     = terraform_data.stack.output == "milequest-test"
    error_message = "The state must know whose it is."
  }
}

run "another_environment_is_refused" {
  command = plan

  variables {
    environment = "other"
  }

  expect_failures = [terraform_data.stack]
}

run "another_product_is_refused" {
  command = plan

  variables {
    name = "other"
  }

  expect_failures = [terraform_data.stack]
}

run "its_own_environment_is_not" {
  command = apply

  assert {
    condition     = terraform_data.stack.output == "milequest-test" && output.environment == "test"
    error_message = "What was refused must have changed nothing."
  }
}
